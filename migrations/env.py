"""Run by alembic for each migration, on the connection of `contenant.store.migrate`, transaction open."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection


def run(connection: Connection) -> None:
    # Batch mode: SQLite alters little in place, so a table is remade where PostgreSQL alters it.
    context.configure(connection=connection, render_as_batch=True, transactional_ddl=True)
    context.run_migrations()


given = context.config.attributes.get("connection")
if given is None:
    raise SystemExit("migrations run when contenant opens its database; there is nothing to run by hand")
run(given)
