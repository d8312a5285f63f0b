"""Several containers per project: what each further one is called."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("container", sa.Column("variant", sa.String(), nullable=False, server_default=""))
