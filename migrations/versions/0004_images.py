"""Images: where each came from, what it was made of, how long each step took, where its log is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    for name, default in (
        ("log", ""),
        ("snapshot", ""),
        ("integrity", ""),
        ("inputs", "{}"),
        ("steps", "[]"),
        ("engine", ""),
        ("origin", "built"),
    ):
        op.add_column("image", sa.Column(name, sa.String(), nullable=False, server_default=default))
