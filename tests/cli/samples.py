"""Values as the use cases return them."""

from __future__ import annotations

from contenant.app.inventory import Row
from contenant.app.results import Verdict
from contenant.store.rows import HistoryRow

ROW = Row(
    name="contenant-shop-0a1b2c3d",
    project="/srv/shop",
    state="running",
    last_used="2026-10-07T10:00:00.000Z",
    sessions_live=1,
    sessions_total=7,
    image="contenant:2.1.3-0123456789ab",
    claude="2.1.3",
    outdated=False,
    engine="podman",
    firewall="block",
    created="2026-09-01T10:00:00.000Z",
    project_exists=True,
)

VERDICT = Verdict(
    kind="container",
    name="contenant-shop-0a1b2c3d",
    project="/srv/shop",
    engine="podman",
    action="remove",
    reason="unused for 41d",
    last_used="2026-08-27T10:00:00.000Z",
    subject="01j9zzzzzzzzzzzzzzzzzzzzzz",
)

KEPT = VERDICT._replace(
    name="contenant-blog-11112222", action="keep", reason="2 live sessions; --force ends and removes"
)

EVENT = HistoryRow(
    at="2026-10-07T10:00:00.123Z",
    kind="session",
    project="/srv/shop",
    container="contenant-shop-0a1b2c3d",
    subject="01j9yyyyyyyyyyyyyyyyyyyyyy",
    summary="claude -p hi → 0 after 12s",
    data={"exit_code": 0, "argv": ["claude", "-p", "hi"]},
)
