"""The audit log as it was hashed, for `contenant history --with-proof`."""

from __future__ import annotations

from contenant.cli.render import Output, Table, emit

# Key of JSON and CSV -> what it says. docs/audit.md and the program there are bound to these.
FIELDS = {
    "host": "id of the installation; the chain is its own",
    "seq": "number, from 1 without a gap",
    "at": "moment",
    "kind": "what happened",
    "subject": "id of what it is about",
    "project": "id of the project it concerns, empty where it concerns none",
    "data": "canonical JSON as text, exactly as it was hashed",
    "previous": "hash of the event before it; 64 zeros for the first",
    "hash": "SHA-256 over `previous`, the fields and `data`",
}


def emit_proof(output: Output) -> int:
    """Write every event, oldest first; the exit code."""
    from contenant.app.audit import log

    emit(log(), _TABLE, output)
    return 0


_TABLE = Table(
    columns=(),
    fields=tuple(FIELDS),
    record=lambda row: {name: row.project_id if name == "project" else getattr(row, name) for name in FIELDS},
    name=lambda row: f"{row.hash}:{row.seq}",
)
