"""`contenant db`: the database of records."""

from __future__ import annotations

from contenant.cli.command import Lazy, LazyGroup
from contenant.cli.root import COMMANDS

DB_COMMANDS = {
    "backup": Lazy("db_backup", "Copy the database, while others use it."),
    "restore": Lazy("db_restore", "Put a backup in the database's place."),
    "check": Lazy("db_check", "Look through the whole database for damage."),
}

command = LazyGroup(
    "db",
    lazy=DB_COMMANDS,
    examples=(
        ("contenant db check", "is all of it whole, the audit log included"),
        ("contenant db backup", "a copy beside the others"),
        ("contenant db restore", "the newest backup, where the database is damaged"),
    ),
    short_help=COMMANDS["db"].summary,
    help="""Back up, restore and check the database of records.

    A backup is made before every change of the schema, too; ten are kept in the state directory. A database
    server (CONTENANT_DATABASE_URL) is backed up with its own programs. More: docs/database.md.
    """,
)
