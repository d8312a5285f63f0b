"""Usage: what was read of the agent's transcripts, and how far; on a server, an order of texts by bytes."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    server = op.get_context().dialect.name == "postgresql"
    with op.batch_alter_table("usage", recreate="never" if server else "always") as batch:
        batch.add_column(_text("conversation", server_default=""))
        batch.add_column(_text("image", server_default=""))
        batch.create_index("ix_usage_at", ["host", "at"])
    op.create_table(
        "transcript",
        _text("host"),
        _text("home"),
        _text("path"),
        _text("project_id"),
        sa.Column("inode", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        _text("seen"),
        sa.PrimaryKeyConstraint("host", "home", "path", name="pk_transcript"),
        sa.ForeignKeyConstraint(["host"], ["host.id"], name="fk_transcript_host"),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name="fk_transcript_project_id"),
    )
    if server:
        # SQLite has it built in: paths and names come in one order wherever they are kept.
        op.execute('CREATE COLLATION IF NOT EXISTS "binary" FROM "C"')


def _text(name: str, **more: Any) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=False, **more)
