"""For audits: where a project's directory lies, and indexes for the history's filters."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from contenant.store.dialect import only_where

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("project", sa.Column("place", sa.String(), nullable=False, server_default=""))
    for column in ("image", "policy", "credential"):
        op.create_index(f"ix_session_{column}", "session", ["host", column, "started", "id"])
    failed = only_where("exit_code <> 0")
    op.create_index("ix_session_failed", "session", ["host", "exit_code", "started", "id"], **failed)
    shown = only_where("topic NOT IN ('session', 'egress') OR kind IN ('session.left', 'session.ssh')")
    op.create_index("ix_event_timeline", "event", ["host", "at", "seq"], **shown)
    op.create_index("ix_egress_last_seen", "egress", ["host", "last_seen", "id"])
    op.create_index(
        "ix_event_policy", "event", ["host", "subject", "seq"], **only_where("kind = 'container.policy'")
    )
