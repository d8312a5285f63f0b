"""The pictures in docs/pictures, from real runs: the main job on a terminal, the record in a browser."""

from __future__ import annotations

import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pictures.recording import COLUMNS, Recorder
from tests.pictures.svg import draw
from tests.real.browser import Page, browser
from tests.real.conftest import Contenant
from tests.real.test_agent import PROMPT, TOKEN, Api
from tests.real.transcripts import shell
from tests.standins import messages_api
from tests.standins.authority import make_authority
from tests.terminal_client import Client

pytestmark = [pytest.mark.real, pytest.mark.pictures]
ENGINES = ("podman",)
PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
TITLE = (
    "A terminal: contenant runs a command and the agent in a container, then lists and tells what happened"
)
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
def api(contenant: Contenant, project: Path, tmp_path: Path) -> Iterator[Api]:
    """The stand-in of the model's API, in the container that the agent is in; nothing leaves it."""
    folder = tmp_path / "standin"
    folder.mkdir()
    make_authority(folder)
    shutil.copy(messages_api.__file__, folder)
    (folder / "log").mkdir()
    for path in (folder, *folder.iterdir()):
        path.chmod(0o755)
    (folder / "log").chmod(0o777)
    made = Api(contenant, project, folder)
    yield made
    made.close()


@pytest.fixture
def home(contenant: Contenant, api: Api, tmp_path: Path) -> Path:
    """A home directory with contenant on its PATH, set up to speak to the stand-in."""
    (contenant.home / "config").mkdir(exist_ok=True)
    settings = f'[env]\nNODE_EXTRA_CA_CERTS = "/standin/ca.crt"\nCLAUDE_CODE_OAUTH_TOKEN = "{TOKEN}"\n'
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
    for words in (["python3", "shop.py"], ["curl", "-sS", "https://example.com"], ["sh", "-c", "exit 3"]):
        contenant("--", *words, cwd=project)
    contenant.ok("firewall", "allow", "example.org", "--reason", "the API we call", cwd=project)
    process = contenant.start("history", "--open", cwd=project, stderr=subprocess.DEVNULL)
    assert process.stdout is not None
    link = process.stdout.readline().decode().strip()
    with browser(tmp_path / "profile") as page:
        page.call(
            "Emulation.setDeviceMetricsOverride", width=1100, height=760, deviceScaleFactor=1, mobile=False
        )
        page.go(link)
        keep(page, "history.png")
    process.send_signal(signal.SIGTERM)
    process.wait(10)


def keep(page: Page, name: str) -> None:
    PICTURES.mkdir(exist_ok=True)
    page.wait_for("document.body.innerText.includes('contenant: history')")
    page.picture(PICTURES / name)
