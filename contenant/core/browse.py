"""The prepared queries and charts of `contenant history --open`, as Datasette's metadata. Pure."""

from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode


class Chart(NamedTuple):
    """What a chart of a query shows."""

    mark: str  # bar or line
    x: str  # column
    y: str


class Query(NamedTuple):
    """One prepared query."""

    name: str
    title: str
    sql: str
    chart: Chart | None = None


# Grouped by position where a name is also a column of the view: SQLite would take the column.
QUERIES = (
    Query(
        "sessions-per-day",
        "Sessions per day, and how many failed",
        "SELECT substr(started, 1, 10) AS day, count(*) AS sessions,"
        " sum(coalesce(exit_code, 0) <> 0) AS failed"
        " FROM audit_session GROUP BY day ORDER BY day",
        Chart("bar", "day", "sessions"),
    ),
    Query(
        "sessions-by-project",
        "Sessions and hours by project",
        "SELECT project, count(*) AS sessions, round(sum(seconds) / 3600.0, 2) AS hours, max(started) AS last"
        " FROM audit_session GROUP BY project ORDER BY sessions DESC",
        Chart("bar", "project", "sessions"),
    ),
    Query(
        "sessions-by-version",
        "Sessions by version of Claude Code",
        "SELECT claude_version, count(*) AS sessions, min(started) AS first, max(started) AS last"
        " FROM audit_session GROUP BY claude_version ORDER BY sessions DESC",
        Chart("bar", "claude_version", "sessions"),
    ),
    Query(
        "failed-sessions",
        "Sessions that failed, newest first",
        "SELECT started, project, argv, exit_code, how, image, policy FROM audit_session"
        " WHERE exit_code <> 0 OR how NOT IN ('exited', '') ORDER BY started DESC",
    ),
    Query(
        "denied-hosts",
        "What was refused, most often first",
        "SELECT CASE destination WHEN '' THEN address ELSE destination END AS host, port,"
        " sum(attempts) AS attempts, count(DISTINCT project) AS projects, max(last_seen) AS last"
        " FROM audit_egress WHERE verdict = 'deny' GROUP BY 1, 2 ORDER BY attempts DESC",
        Chart("bar", "host", "attempts"),
    ),
    Query(
        "contacted-hosts",
        "What was reached, with bytes",
        "SELECT CASE destination WHEN '' THEN address ELSE destination END AS host, port,"
        " sum(attempts) AS connections, sum(sent) AS sent, sum(received) AS received, max(last_seen) AS last"
        " FROM audit_egress WHERE verdict IN ('allow', 'would-deny') AND layer <> 'dns'"
        " GROUP BY 1, 2 ORDER BY sent DESC",
        Chart("bar", "host", "sent"),
    ),
    Query(
        "sessions-of-host",
        "Sessions that reached or were refused a host",
        "SELECT s.started, s.project, s.argv, e.verdict, e.layer, e.port, e.attempts, e.sent, e.received"
        " FROM audit_egress e JOIN audit_session s ON s.id = e.session"
        " WHERE e.destination = :host ORDER BY s.started DESC",
    ),
    Query(
        "policy-changes",
        "Who changed what may leave a container, newest first",
        "SELECT at, kind, project, json_extract(data, '$.author') AS author,"
        " coalesce(json_extract(data, '$.text'), json_extract(data, '$.to'), subject) AS what,"
        " coalesce(json_extract(data, '$.reason'), json_extract(data, '$.why')) AS why"
        " FROM audit_event WHERE topic IN ('rule', 'policy') OR kind = 'container.policy' ORDER BY seq DESC",
    ),
    Query(
        "drift",
        "Differences between record and container, newest first",
        "SELECT at, kind, project, json_extract(data, '$.aspect') AS aspect,"
        " json_extract(data, '$.what') AS what,"
        " json_extract(data, '$.expected') AS expected, json_extract(data, '$.found') AS found"
        " FROM audit_event WHERE topic = 'drift' ORDER BY seq DESC",
    ),
    Query(
        "events-per-day",
        "Events per day and topic",
        "SELECT substr(at, 1, 10) AS day, topic, count(*) AS events FROM audit_event"
        " GROUP BY day, topic ORDER BY day, topic",
        Chart("bar", "day", "events"),
    ),
)


def metadata(database: str) -> Mapping[str, Any]:
    """Datasette's metadata for the database of that name: only who has the link of the start gets in."""
    return {
        "title": "contenant: history",
        "description": "Read-only. Prepared queries can be changed and run again; views: docs/schema.md.",
        "allow": {"id": "root"},
        "databases": {database: {"queries": {query.name: _entry(database, query) for query in QUERIES}}},
    }


def _entry(database: str, query: Query) -> dict[str, str]:
    entry = {"sql": query.sql, "title": query.title}
    if query.chart:
        entry["description_html"] = f'<a href="{chart_path(database, query)}">Show the chart</a>'
    return entry


def chart_path(database: str, query: Query) -> str:
    """Where a query is shown with its chart; the fragment is datasette-vega's."""
    assert query.chart is not None
    chart = {
        "g.mark": query.chart.mark,
        "g.x_column": query.chart.x,
        "g.x_type": "ordinal",
        "g.y_column": query.chart.y,
        "g.y_type": "quantitative",
    }
    return f"/{quote(database)}/{query.name}#{urlencode(chart)}"
