"""`contenant history --open` in a headless Chromium: only who has the link, read-only, queries and charts."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from contenant import host
from contenant.core import changes
from contenant.core.ages import to_text
from contenant.core.browse import QUERIES, chart_path
from contenant.store.store import open_store
from tests.real.browser import Page, browser
from tests.store.samples import attempt, image, made, rule, session

pytestmark = pytest.mark.real
BEGIN = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)


@pytest.fixture
def database(contenant_home: Path) -> Path:
    """A week of sessions, some failed, and what they tried."""
    with open_store(now=lambda: datetime.now(UTC), host_id=host.installation_id()) as store:
        store.apply([*made(), changes.image_built(image("i1"))])
        for number in range(40):
            begun = BEGIN + timedelta(hours=5 * number)
            start = session(f"s{number:02d}", started=to_text(begun))
            store.apply([changes.session_starting(start, "p1")])
            store.apply([changes.session_ended(start.id, "p1", "exited", number % 3)])
        tried = [
            attempt(destination=f"h{n}.example.com", session_id=f"s0{n}", attempts=n + 1) for n in range(5)
        ]
        tried.append(
            attempt(session_id="s01", verdict="allow", layer="tls", sent=9, destination="h9.example.com")
        )
        rows = [(f"e{n}", row) for n, row in enumerate(tried)]
        finding = {"aspect": "limit", "what": "cpus", "expected": "1", "found": "2", "remedy": "recreate"}
        store.apply([changes.rule_added(rule()), changes.drift_found(store.containers()[0], finding)])
        store.apply([changes.egress_collected(store.containers()[0], "", "1", rows)])
    return contenant_home / "state" / "contenant.db"


@pytest.fixture
def link(database: Path) -> Iterator[str]:
    """The address that `contenant history --open` prints; it ends with the test and leaves nothing behind."""
    command = [sys.executable, "-m", "contenant", "history", "--open"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    yield process.stdout.readline().strip()
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 130
    process.stdout.close()
    assert children
    assert not [child for child in children if os.path.exists(f"/proc/{child}")]


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    with browser(tmp_path / "profile") as opened:
        yield opened


def base(link: str) -> str:
    return link.partition("/-/")[0]


@pytest.mark.parametrize(
    "path", ["/", "/contenant", "/contenant/audit_session", "/contenant.json?sql=select+1"]
)
def test_without_the_link_nobody_gets_in(link: str, path: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(base(link) + path, timeout=10)
    assert caught.value.code == 403
    caught.value.close()


def test_every_prepared_query_runs_and_charts_are_drawn(link: str, page: Page, tmp_path: Path) -> None:
    page.go(link)
    page.wait_for("document.body.innerText.includes('contenant: history')")
    for query in QUERIES:
        page.go(f"{base(link)}/contenant/{query.name}?host=h1.example.com")
        text = str(page.run("document.body.innerText"))
        assert query.title in text
        assert "error" not in text.lower().replace("show error", ""), text
        assert page.run("document.querySelectorAll('tbody tr').length"), query.name
        if query.chart:
            assert page.run(f"!!document.querySelector('a[href=\"{chart_path('contenant', query)}\"]')")
    chart = next(query for query in QUERIES if query.name == "sessions-per-day")
    page.go(base(link) + chart_path("contenant", chart))
    page.wait_for("!!document.querySelector('.vega-embed canvas, .vega-embed svg, #vis canvas, #vis svg')")
    page.wait_for("document.querySelectorAll('canvas, svg.marks').length > 0")
    picture = Path(os.environ.get("CONTENANT_TEST_PICTURES", tmp_path)) / "sessions-per-day.png"
    page.picture(picture)
    assert picture.stat().st_size > 10_000


def test_nothing_can_be_written(link: str, page: Page, database: Path) -> None:
    before = database.read_bytes()
    page.go(link)
    for statement in ("delete from event", "drop view audit_event", "insert into host values ('a','b','c')"):
        page.go(f"{base(link)}/contenant?sql={statement.replace(' ', '+')}")
        assert "Statement must be a SELECT" in str(page.run("document.body.innerText"))
    insert = "fetch('/contenant/event/-/insert', {method: 'POST', body: '{}'})"
    page.run(f"{insert}.then(answer => document.title = answer.status)")
    page.wait_for("['404', '403', '405'].includes(document.title)")
    assert database.read_bytes() == before


def test_what_cannot_be_served(contenant_home: Path) -> None:
    def said(*arguments: str, **more: str) -> tuple[int, str]:
        command = [sys.executable, "-m", "contenant", "history", "--open", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, env=os.environ | more, timeout=60)
        return done.returncode, done.stderr

    assert said() == (
        1,
        "contenant: error: there is no database yet\n  hint: `contenant` in a project makes one\n",
    )
    assert said("--kind", "session")[0] == 2
    code, message = said(CONTENANT_DATABASE_URL="postgresql+psycopg://nobody@127.0.0.1/none")
    assert (code, "--open shows a database file" in message) == (2, True)


def test_the_metadata_is_json() -> None:
    from contenant.core.browse import metadata

    assert json.loads(json.dumps(metadata("contenant")))["allow"] == {"id": "root"}
