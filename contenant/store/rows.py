"""What the read functions return beside the records of `contenant.core.records`.

Rows that a list never needs are in `store.other_rows`, and come from there when they are asked for here.
"""

from typing import TYPE_CHECKING, Any, NamedTuple

from contenant.core.engine_names import EngineName

if TYPE_CHECKING:
    from contenant.store.other_rows import HistoryRow as HistoryRow
    from contenant.store.other_rows import PolicyRow as PolicyRow
    from contenant.store.other_rows import UsageRow as UsageRow


def __getattr__(name: str) -> Any:
    if name.startswith("__"):  # the import system itself looks for some
        raise AttributeError(name)
    from contenant.store import other_rows

    return getattr(other_rows, name)


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
