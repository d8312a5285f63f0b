"""Views for one's own SQL: ids resolved to paths and names. Nothing of ours reads them.

Each run of migrations takes them away first and makes them anew at its end, so that scripts may remake tables
and the views are always these. A change here needs a migration, be it an empty one, to reach a database.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class View(NamedTuple):
    """One view: its columns in order, with what each says, and the query behind it."""

    name: str
    comment: str
    columns: Mapping[str, str]
    query: str  # SQL; {seconds} stands for the length of the session `s`


# Length of a session in seconds: the one expression in which the two databases differ.
_SECONDS = {
    "sqlite": "(julianday(s.ended) - julianday(s.started)) * 86400.0",
    "postgresql": "extract(epoch FROM s.ended::timestamptz - s.started::timestamptz)",
}

VIEWS = (
    View(
        "audit_session",
        "Every session with its project, container and Claude Code version.",
        {
            "host": "the machine",
            "id": "id of the session",
            "project": "path of the project, as in `project.path`",
            "container": "name of the container",
            "engine": "container, podman or docker",
            "kind": "agent or command",
            "argv": "the command, JSON list",
            "image": "reference of the image",
            "claude_version": "Claude Code version in it, empty where its build is not on record",
            "policy": "hash of the policy in force at its start",
            "mode": "mode of that policy: block, audit or off",
            "credential": "fingerprint of the credential it was given",
            "started": "when it started",
            "ended": "when it ended, empty while it lives",
            "seconds": "how long it took; null while it lives",
            "exit_code": "exit code of the command; null: not known",
            "how": "how it ended",
        },
        """
        SELECT s.host, s.id, p.path, c.name, c.engine, s.kind, s.argv, s.image,
            coalesce((SELECT max(i.claude_version) FROM image i
                WHERE i.host = s.host AND i.reference = s.image), ''),
            s.policy, coalesce(y.mode, ''), s.credential, s.started, s.ended,
            CASE WHEN s.ended = '' THEN NULL ELSE {seconds} END, s.exit_code, s.how
        FROM session s JOIN project p ON p.id = s.project_id JOIN container c ON c.id = s.container_id
            LEFT JOIN policy y ON y.host = s.host AND y.hash = s.policy
        """,
    ),
    View(
        "audit_image",
        "Every build and load of an image, with what came of it.",
        {
            "host": "the machine",
            "reference": "name:tag",
            "layer": "base, user or project",
            "claude_version": "Claude Code version in it",
            "engine": "engine it was made on, empty where that is not on record",
            "origin": "built, or loaded from a file",
            "built": "when",
            "seconds": "how long it took",
            "size": "bytes",
            "recipe": "hash of every input",
            "base_origin": "local, pulled or bootstrapped",
            "base_digest": "digest of the base",
            "snapshot": "moment of the package index that a bootstrapped base was made from",
            "integrity": "npm integrity of Claude Code's package",
            "removed": "when it was removed, empty while it is there",
            "sessions": "how many sessions ran in containers of that reference",
        },
        """
        SELECT i.host, i.reference, i.layer, i.claude_version, i.engine, i.origin, i.built, i.seconds, i.size,
            i.recipe, i.base_origin, i.base_digest, i.snapshot, i.integrity, i.removed,
            (SELECT count(*) FROM session s WHERE s.host = i.host AND s.image = i.reference)
        FROM image i
        """,
    ),
    View(
        "audit_event",
        "Every line of the audit log with the path of its project.",
        {
            "host": "the machine",
            "seq": "its number there",
            "at": "when",
            "topic": "the kind up to the dot",
            "kind": "what happened",
            "subject": "id of what it is about",
            "project": "path of the project, empty where it concerns none",
            "data": "canonical JSON",
        },
        """
        SELECT e.host, e.seq, e.at, e.topic, e.kind, e.subject, coalesce(p.path, ''), e.data
        FROM event e LEFT JOIN project p ON p.id = e.project_id
        """,
    ),
    View(
        "audit_egress",
        "Every decision of the containers' firewalls with project and container.",
        {
            "host": "the machine",
            "project": "path of the project",
            "container": "name of the container",
            "session": "id of the session, empty where that is not known",
            "policy": "hash of the policy that decided",
            "layer": "dns, tls, http, tcp or l3",
            "verdict": "allow, deny, would-deny or steered",
            "destination": "host name, empty where an address was used",
            "address": "address, where that is known",
            "port": "port",
            "protocol": "tcp or udp",
            "first_seen": "first attempt",
            "last_seen": "last attempt",
            "attempts": "how often",
            "sent": "bytes from the container",
            "received": "bytes to it",
        },
        """
        SELECT e.host, p.path, c.name, e.session_id, e.policy, e.layer, e.verdict, e.destination,
            e.address, e.port, e.protocol, e.first_seen, e.last_seen, e.attempts, e.sent, e.received
        FROM egress e JOIN container c ON c.id = e.container_id JOIN project p ON p.id = c.project_id
        """,
    ),
    View(
        "audit_policy",
        "Every policy in each project whose sessions started under it.",
        {
            "host": "the machine",
            "project": "path of the project",
            "policy": "hash of the policy",
            "mode": "block, audit or off; empty where it is not on record",
            "author": "who made it",
            "reason": "why",
            "rules": "canonical text of its rules",
            "sessions": "how many sessions started under it",
            "first_used": "when the first did",
            "last_used": "when the last did",
        },
        """
        SELECT s.host, p.path, s.policy, coalesce(y.mode, ''), coalesce(y.author, ''),
            coalesce(y.reason, ''), coalesce(y.rules, ''), count(*), min(s.started), max(s.started)
        FROM session s JOIN project p ON p.id = s.project_id
            LEFT JOIN policy y ON y.host = s.host AND y.hash = s.policy
        GROUP BY s.host, p.path, s.policy, y.mode, y.author, y.reason, y.rules
        """,
    ),
)


def created(dialect: str) -> tuple[str, ...]:
    """The statements that make the views; `dialect` is sqlite or postgresql."""
    return tuple(
        f"CREATE VIEW {view.name} ({', '.join(view.columns)}) AS"
        f" {' '.join(view.query.replace('{seconds}', _SECONDS[dialect]).split())}"
        for view in VIEWS
    )


def dropped() -> tuple[str, ...]:
    """The statements that take them away."""
    return tuple(f"DROP VIEW IF EXISTS {view.name}" for view in VIEWS)
