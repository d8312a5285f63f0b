"""What the read functions return beside the records of `contenant.core.records`."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from contenant.core.engine_names import EngineName

LISTING = """
SELECT c.id, c.name, c.project_id, p.path, c.variant, c.engine, c.state, c.created, c.last_used,
    (SELECT count(*) FROM session s WHERE s.host = :host AND s.container_id = c.id AND s.ended = ''),
    (SELECT count(*) FROM session s WHERE s.container_id = c.id),
    c.image, c.policy, coalesce(y.mode, ''), p.place
FROM container c JOIN project p ON p.id = c.project_id
    LEFT JOIN policy y ON y.host = c.host AND y.hash = c.policy
WHERE c.host = :host AND c.gone = '' ORDER BY c.name COLLATE "binary", c.id
"""


class ListingRow(NamedTuple):
    """One container that is not gone, with what a list says about it."""

    id: str
    name: str
    project_id: str
    project: str  # path
    variant: str  # which of its containers, "" for its first
    engine: EngineName
    state: str
    created: str
    last_used: str
    sessions_live: int
    sessions_total: int
    image: str  # reference
    claude: str  # Claude Code version in that image, "" where its build is not on record
    recipe: str  # of that image
    latest_recipe: str  # of the newest image of the same name, whatever its tag
    policy: str  # hash of the policy in force at creation
    firewall: str  # mode of that policy: block, audit, off; "" where it is not on record
    place: str = ""  # of the project's directory (ProjectRecord)


class HistoryRow(NamedTuple):
    """A session, as one row, or an event of the life of anything else."""

    at: str
    kind: str  # "session" or an event kind such as "container.created"
    project: str  # path, "" where it belongs to none
    container: str  # name
    subject: str  # id of the session or of what the event is about
    summary: str  # one line for people
    data: Mapping[str, Any]  # everything


class UsageRow(NamedTuple):
    """What a group of answers of one model used."""

    key: str  # of the group: a minute (16 characters), a path, a model, a session's id or an image
    model: str
    long: bool  # whether their prompts were long ones
    answers: int
    tokens: tuple[
        int, int, int, int, int
    ]  # input, output, cache read, cache written for 5 minutes and an hour


class PolicyRow(NamedTuple):
    """An effective policy."""

    hash: str
    parent: str
    rules: str  # canonical text
    mode: str
    reason: str
    author: str
    expires: str
    created: str
