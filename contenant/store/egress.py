"""The statements that read what the firewalls recorded: SQL that SQLite and PostgreSQL both speak."""

from __future__ import annotations

_OF_PROJECT = "e.container_id IN (SELECT id FROM container WHERE host = :host AND project_id = :project)"
_REFUSED = "e.verdict IN ('deny', 'would-deny')"

CURSOR = "SELECT collected FROM container WHERE host = :host AND id = :id"
# Sessions that may have caused what was recorded since a moment.
SPANS = (
    "SELECT id, started, ended FROM session"
    " WHERE host = :host AND container_id = :id AND (ended = '' OR ended >= :since) ORDER BY started, id"
)
ROWS = "SELECT count(*) FROM egress WHERE host = :host AND container_id = :id"
_USED = (
    "SELECT DISTINCT e.destination, e.port FROM egress e"
    " WHERE e.host = :host AND e.verdict = 'allow' AND e.layer <> 'dns' AND e.last_seen >= :since"
)


def of_session() -> str:
    """What a session was refused, in the order of its first attempt."""
    return (
        f"SELECT {_fields()} FROM egress e"  # noqa: S608 - constants only
        " JOIN session s ON s.id = :session AND e.container_id = s.container_id AND e.session_id = s.id"
        f" WHERE e.host = :host AND {_REFUSED} ORDER BY e.first_seen, e.id"
    )


def log(*, refused: bool, destination: bool, limit: bool) -> str:
    """What was recorded in a project, newest first; a flag adds its condition, with its parameter."""
    conditions = ["e.host = :host", _OF_PROJECT, "e.last_seen >= :since"]
    conditions += [_REFUSED] if refused else []
    conditions += ["e.destination = :destination"] if destination else []
    sql = f"SELECT {_fields()} FROM egress e WHERE {' AND '.join(conditions)}"  # noqa: S608 - constants only
    return f"{sql} ORDER BY e.last_seen DESC, e.id DESC" + (" LIMIT :limit" if limit else "")


def used(*, of_project: bool) -> str:
    """Names and ports that were connected to since a moment, in one project or on the whole host."""
    return _USED + (f" AND {_OF_PROJECT}" if of_project else "")


def _fields() -> str:
    from contenant.core.records import EgressRecord  # no list needs it

    return ", ".join(f"e.{field}" for field in EgressRecord._fields)
