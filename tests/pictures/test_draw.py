"""The pictures in docs/pictures, from real runs: the main job on a terminal, the record in a browser."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from contenant.core.browse import QUERIES, chart_path
from tests.pictures.recording import COLUMNS, Recorder
from tests.pictures.svg import draw
from tests.real.browser import Page, browser
from tests.real.conftest import Contenant
from tests.real.test_agent import PROMPT, TOKEN, Api
from tests.real.transcripts import shell
from tests.terminal_client import Client

pytestmark = [pytest.mark.real, pytest.mark.pictures]
ENGINES = ("podman",)
PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
TITLE = (
    "A terminal: contenant runs a command and the agent in a container, then lists and tells what happened"
)
REFUSED = {"example.com": 5, "telemetry.example.org": 3, "example.net": 2, "files.example.org": 1}
SHOP = """\
def total(prices):
    return sum(prices)

print("total:", total([3, 4]))
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A small repository, at a path that a reader could have."""
    place = tmp_path / "home" / "work" / "shop"
    place.mkdir(parents=True)
    (place / "shop.py").write_text(SHOP)
    return place


@pytest.fixture
def home(contenant: Contenant, api: Api, tmp_path: Path) -> Path:
    """A home directory with contenant on its PATH, set up to speak to the stand-in."""
    (contenant.home / "config").mkdir(exist_ok=True)
    settings = 'keep_running = true\n[env]\nNODE_EXTRA_CA_CERTS = "/standin/ca.crt"\n'
    settings += f'CLAUDE_CODE_OAUTH_TOKEN = "{TOKEN}"\n'
    (contenant.home / "config" / "config.toml").write_text(settings)
    shell(tmp_path / "home", contenant.env)
    return tmp_path / "home"


@pytest.fixture
def recorder(contenant: Contenant, home: Path, project: Path) -> Iterator[Recorder]:
    env = {
        **contenant.env,
        "HOME": str(home),
        "PATH": f"{home / 'bin'}:{contenant.env['PATH']}",
        "TERM": "xterm-256color",
        "PS1": "\\[\\e[1;32m\\]\\w\\[\\e[0m\\] $ ",
        "LANG": "C.UTF-8",
    }
    client = Client(["bash", "--norc", "--noprofile", "-i"], env=env, cwd=project)
    yield Recorder(client)
    client.close()


def ready(text: str) -> bool:
    """Whether the shell asks for a command."""
    return text.rstrip().endswith("shop $")


def test_the_main_job(recorder: Recorder) -> None:
    recorder.watch(ready)
    for command in ("contenant -- python3 shop.py", "contenant -- curl -sS https://example.com"):
        recorder.rest(0.6)
        recorder.type(command)
        recorder.watch(lambda text: not ready(text))
        recorder.watch(ready)
        recorder.rest(1.2)
    recorder.type("clear; contenant")
    recorder.watch(lambda text: PROMPT in text)
    recorder.rest(1.2)
    recorder.type("use bash: python3 shop.py && git status --short")
    recorder.watch(lambda text: "stand-in" in text)
    recorder.rest(2)
    recorder.type("/exit")
    recorder.watch(ready)
    recorder.rest(0.5)
    for command in ("clear; contenant list", "contenant history sessions"):
        recorder.type(command)
        recorder.watch(lambda text: not ready(text))
        recorder.watch(ready)
        recorder.rest(1.5)
    picture = draw(recorder.frames(), TITLE, COLUMNS)
    PICTURES.mkdir(exist_ok=True)
    (PICTURES / "main-job.svg").write_text(picture, "utf-8")


def test_the_record_in_a_browser(contenant: Contenant, home: Path, project: Path, tmp_path: Path) -> None:
    """What agents were refused, by host, as `contenant history --open` shows it."""
    for host, times in REFUSED.items():
        script = f"for n in $(seq {times}); do curl --silent https://{host}; done"
        contenant("--", "sh", "-c", script, cwd=project)
    process = contenant.start("history", "--open", cwd=project, stderr=subprocess.DEVNULL)
    assert process.stdout is not None
    link = process.stdout.readline().decode().strip()
    refused = next(query for query in QUERIES if query.name == "denied-hosts")
    with browser(tmp_path / "profile") as page:
        size = {"width": 1000, "height": 1180, "deviceScaleFactor": 1, "mobile": False}
        page.call("Emulation.setDeviceMetricsOverride", **size)
        page.call("Emulation.setScrollbarsHidden", hidden=True)
        page.go(link)
        page.go(link.partition("/-/")[0] + chart_path("contenant", refused))
        page.wait_for("document.querySelectorAll('canvas, svg.marks').length > 0")
        keep(page, "history.png")
    process.send_signal(signal.SIGTERM)
    process.wait(10)


def keep(page: Page, name: str) -> None:
    PICTURES.mkdir(exist_ok=True)
    page.picture(PICTURES / name)
