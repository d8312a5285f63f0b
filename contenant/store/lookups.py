"""Small readers for audits: what is known by which name, and what is not mended yet."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from contenant.store.reads import Reads

_DRIFT = (
    "SELECT kind, data FROM event WHERE host = :host AND topic = 'drift' AND subject = :subject ORDER BY seq"
)
_SESSIONS = "SELECT id FROM session WHERE host = :host AND id >= :start AND id < :end ORDER BY id LIMIT 2"
_REFERENCES = (
    "SELECT DISTINCT c.image, '' FROM container c WHERE c.host = :host"
    " UNION SELECT reference, claude_version FROM image WHERE host = :host"
)


def rules_of_policies(view: Reads) -> list[tuple[str, str]]:
    """Hash and canonical text of every policy."""
    return [(row[0], row[1]) for row in view.ask("SELECT hash, rules FROM policy WHERE host = :host")]


def open_drift(view: Reads, container_id: str) -> dict[tuple[str, str, str], str]:
    """(aspect, what, expected) -> found, of a container's differences that are not mended since."""
    known: dict[tuple[str, str, str], str] = {}
    for kind, text in view.ask(_DRIFT, subject=container_id):
        data = json.loads(text)
        key = (data["aspect"], data["what"], data["expected"])
        if kind == "drift.found":
            known[key] = data["found"]
        else:
            known.pop(key, None)
    return known


def sessions_beginning(view: Reads, text: str) -> list[str]:
    """The ids of sessions that begin so, two at most."""
    return [row[0] for row in view.ask(_SESSIONS, start=text, end=text + "~")]


def references(view: Reads) -> list[tuple[str, str]]:
    """References of images that containers were made of or that were built, with Claude's version or ""."""
    return [(row[0], row[1]) for row in view.ask(_REFERENCES)]


def other_hosts(view: Reads) -> int:
    """How many other installations have records in the same database."""
    return int(view.ask("SELECT count(*) FROM host WHERE id <> :host")[0][0])


def further(view: Reads) -> list[tuple[str, str]]:
    """What further containers of each project are or were called: (project id, variant)."""
    sql = "SELECT DISTINCT project_id, variant FROM container WHERE host = :host AND variant <> ''"
    return [(row[0], row[1]) for row in view.ask(sql)]


def writers_of(reads: Reads, project_id: str, conversation: str) -> set[str]:
    """The sessions that are known to have written to a conversation of the agent's."""
    asked = (
        "SELECT DISTINCT session_id FROM usage WHERE host = :host AND project_id = :project"
        " AND conversation = :conversation AND session_id <> ''"
    )
    return {str(row[0]) for row in reads.ask(asked, project=project_id, conversation=conversation)}
