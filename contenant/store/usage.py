"""The statements about what the agent used: SQL that SQLite and PostgreSQL both speak."""

from __future__ import annotations

from typing import Literal

By = Literal["day", "project", "model", "session", "image"]

_COUNTS = ("input", "output", "cache_read", "cache_write_5m", "cache_write_1h")
_PROMPT = "u.input_tokens + u.cache_read_tokens + u.cache_write_5m_tokens + u.cache_write_1h_tokens"
# A minute, not a day: which day a minute belongs to depends on where the reader lives.
_KEYS: dict[By, str] = {
    "day": "substr(u.at, 1, 16)",
    "project": "coalesce(p.path, '')",
    "model": "u.model",
    "session": "u.session_id",
    "image": "u.image",
}

TRANSCRIPTS = "SELECT path, inode, position FROM transcript WHERE host = :host AND home = :home"
# Sessions of the containers of one name that ended at a moment or later, or did not.
LIVED = (
    "SELECT s.id, s.image, s.started, s.ended, s.kind FROM session s"
    " JOIN container c ON c.id = s.container_id"
    " WHERE s.host = :host AND c.host = :host AND c.project_id = :project AND c.name = :home"
    " AND s.project_id = :project AND (s.ended = '' OR s.ended >= :since) ORDER BY s.started, s.id"
)
ADVANCE = (
    "UPDATE transcript SET inode = :inode, position = :position, seen = :at"
    " WHERE host = :host AND home = :home AND path = :path AND inode = :was AND position = :since"
)


def _greater(column: str) -> str:
    there, new = f"usage.{column}", f"excluded.{column}"
    return f"{column} = CASE WHEN {there} < {new} THEN {new} ELSE {there} END"


# An answer that is met again, in a later line or in a resumed conversation, counts once.
COUNT_ONCE = " ON CONFLICT (host, message_id, request_id) DO UPDATE SET " + ", ".join(
    [
        *(_greater(f"{kind}_tokens") for kind in _COUNTS),
        "cost = CASE WHEN coalesce(usage.cost, 0) < excluded.cost THEN excluded.cost ELSE usage.cost END",
    ]
)


def totals(by: By, *, of_project: bool) -> str:
    """Sums per group, model and whether the prompt was a long one."""
    sums = ", ".join(f"CAST(sum(u.{kind}_tokens) AS BIGINT)" for kind in _COUNTS)
    only = " AND u.project_id = :project" if of_project else ""
    return (
        f"SELECT {_KEYS[by]}, u.model, CASE WHEN {_PROMPT} > :long THEN 1 ELSE 0 END, count(*), {sums}"  # noqa: S608 - constants only
        " FROM usage u LEFT JOIN project p ON p.id = u.project_id"
        f" WHERE u.host = :host AND u.at >= :since AND u.at < :until{only} GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
    )
