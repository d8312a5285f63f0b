"""Layers of the image on real engines: a user's packages, a project's Containerfile, what they may not."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.real.conftest import Contenant

pytestmark = pytest.mark.real
ENGINES = ("podman", "docker", "container-1.2.2")

CONTAINERFILE = """\
FROM contenant/base AS mine
ENV GREETING="from the shop" PATH=/opt/shop/bin:$PATH
COPY bin /opt/shop/bin
RUN hello --greeting=built >/opt/shop/built \\
    && echo hostile >/usr/local/lib/contenant/session && rm /etc/claude-code/managed-settings.json \\
    && cp /bin/true /opt/shop/root && chmod 6755 /opt/shop/root && rm /usr/share/common-licenses/BSD
USER claude
RUN id -un >/home/claude/who
"""
LOOK = """\
greet; cat /opt/shop/built /home/claude/who; id -un
stat -c %a /opt/shop/root
test -e /usr/share/common-licenses/BSD || echo gone
test -s /etc/claude-code/managed-settings.json && echo managed
grep -qs hostile /usr/local/lib/contenant/session || echo ours
find /etc/apt -name '*contenant*' -o -name mirrors.sources; ls -A /tmp/contenant 2>/dev/null
curl -sS -m 5 https://example.org >/dev/null 2>&1 || echo closed
"""


@pytest.fixture
def tidy(contenant: Contenant, tmp_path: Path) -> Iterator[Contenant]:
    """The images of layers go with the test."""
    yield contenant
    contenant("clean", "--all", "--yes", "--force", cwd=tmp_path)
    for record in built(contenant, tmp_path):
        if record["layer"] != "base":
            verb = ("image", "delete") if contenant.engine == "container" else ("rmi",)
            contenant.raw(*verb, str(record["reference"]))


def built(contenant: Contenant, place: Path) -> list[dict[str, object]]:
    """What was built on record, the oldest first."""
    events = contenant.history(place, "--kind", "image.built")
    return [event["data"]["data"] for event in reversed(events)]


@pytest.mark.timeout(600)
def test_layers(tidy: Contenant, project: Path) -> None:
    """One story, since each build costs: the user's layer, the project's on it, a wrong one, a broken one."""
    contenant = tidy
    (contenant.home / "config").mkdir(parents=True, exist_ok=True)
    (contenant.home / "config" / "config.toml").write_text('[image]\npackages = ["hello"]\n')
    file = project / ".contenant" / "Containerfile"
    (file.parent / "bin").mkdir(parents=True)
    (file.parent / "bin" / "greet").write_text('#!/bin/sh\necho "$GREETING"\n')
    (file.parent / "bin" / "greet").chmod(0o755)
    file.write_text(CONTAINERFILE)

    first = contenant(
        "--", "sh", "-c", "hello; ls -d /opt/shop 2>/dev/null || echo none", cwd=project, timeout=600
    )
    assert (first.returncode, first.stdout) == (0, "Hello, world!\nnone\n"), first.stderr
    assert f"image.containerfile {file}" in first.stderr
    (user,) = [record for record in built(contenant, project) if record["layer"] != "base"]
    assert user["layer"] == "user"

    contenant.ok("config", "trust", "--yes", cwd=project)
    assert contenant.rows(project)[0]["outdated"] is True
    second = contenant("--recreate", "--", "sh", "-c", LOOK, cwd=project, timeout=600)
    assert second.returncode == 0, second.stderr
    assert second.stdout.split("\n") == [
        "from the shop", "built", "claude", "claude", "755", "gone", "managed", "ours", "closed", ""
    ], second.stderr  # fmt: skip
    assert contenant.rows(project)[0]["outdated"] is False
    top = built(contenant, project)[-1]
    assert (top["layer"], top["parent"]) == ("project", user["reference"])
    assert json.loads(contenant.ok("show", "--json", cwd=project))["image"]["reference"] == top["reference"]

    count = len(built(contenant, project))
    file.write_text("FROM docker.io/library/debian:trixie\n")
    contenant.ok("config", "trust", "--yes", cwd=project)
    wrong = contenant("--", "true", cwd=project)
    assert wrong.returncode == 2
    assert f"{file}:1: the last stage starts FROM docker.io/library/debian:trixie" in wrong.stderr

    if contenant.engine == "container":  # the stand-in builds by podman, on which the rest is shown
        return
    file.write_text("FROM contenant/base\nRUN echo on the way && exit 7\n")
    contenant.ok("config", "trust", "--yes", cwd=project)
    broken = contenant("--recreate", "--", "true", cwd=project, timeout=600)
    assert broken.returncode == 125
    assert "RUN echo on the way && exit 7" in broken.stderr
    (log,) = [word for word in broken.stderr.split() if "/logs/build-" in word]
    assert "on the way" in Path(log).read_text()
    still = contenant("--", "greet", cwd=project)
    assert (still.returncode, still.stdout) == (0, "from the shop\n"), "the container is as it was"
    assert "the image moved on" in still.stderr

    file.write_text(CONTAINERFILE)
    contenant.ok("config", "trust", "--yes", cwd=project)
    assert contenant.ok("--recreate", "--", "greet", cwd=project) == "from the shop\n"
    assert len(built(contenant, project)) == count, "what was built is built once"


def test_a_dev_container(contenant: Contenant, project: Path) -> None:
    """Without a Dockerfile nothing is built: its variables, and its command in a new container."""
    place = project / ".devcontainer"
    place.mkdir()
    (place / "devcontainer.json").write_text(
        '{\n  // a plain Debian\n  "image": "debian:trixie",\n  "features": {"x": {}},\n'
        '  "containerEnv": {"GREETING": "hello"},\n'
        '  "postCreateCommand": "echo $GREETING $(id -un) >>made; curl -m 5 http://example.org || echo shut",'
        "\n}\n"
    )
    (project / ".contenant.toml").write_text("devcontainer = true\n")
    assert contenant.ok("--", "sh", "-c", "ls; echo $GREETING", cwd=project) == "hello.txt\n\n"
    contenant.ok("config", "trust", "--yes", cwd=project)
    assert "features is left out" in contenant("config", "show", cwd=project).stderr
    made = contenant("--recreate", "--", "sh", "-c", "cat made; echo $GREETING", cwd=project)
    assert (made.returncode, made.stdout) == (0, "hello claude\nhello\n"), made.stderr
    assert "shut" in made.stderr
    assert contenant.ok("--", "cat", "made", cwd=project) == "hello claude\n", "once in a container"


def setup_script(contenant: Contenant, text: str) -> None:
    """A user's layer that one script makes."""
    place = contenant.home / "config"
    place.mkdir(parents=True, exist_ok=True)
    (place / "setup").write_text(f"#!/bin/sh\n{text}\n")
    (place / "config.toml").write_text('[image]\nsetup = "setup"\n')


@pytest.mark.timeout(600)
def test_two_builds_at_once_are_one(tidy: Contenant, tmp_path: Path) -> None:
    setup_script(tidy, "sleep 2; echo made >/opt/made")
    first, second = (tidy.start("image", "build", "--json", cwd=tmp_path) for _ in range(2))
    answers = [json.loads(process.communicate(timeout=500)[0]) for process in (first, second)]
    assert [process.returncode for process in (first, second)] == [0, 0]
    assert answers[0]["reference"] == answers[1]["reference"]
    assert sorted(answer["built"] for answer in answers) == [False, True]
    assert [record["layer"] for record in built(tidy, tmp_path)].count("user") == 1


@pytest.mark.engines("podman")  # the others have no store that lies upon another's
@pytest.mark.timeout(600)
def test_a_disk_that_is_full_fails_the_build_and_nothing_else(
    tidy: Contenant, project: Path, tmp_path: Path
) -> None:
    """podman with a store of its own on a small file system, above the one that has the base image."""
    tidy.ok("--", "true", cwd=project)
    before = tidy.env
    with small_store(tmp_path) as variables:
        tidy.env = {**tidy.env, **variables}
        setup_script(tidy, "head -c 200M /dev/urandom >/opt/much")
        failed = tidy("image", "build", cwd=tmp_path, timeout=500)
    tidy.env = before
    assert failed.returncode == 1
    assert "no space left on device" in failed.stderr
    (log,) = [word for word in failed.stderr.split() if "/logs/build-" in word]
    assert "No space left on device" in Path(log).read_text()
    assert [record["layer"] for record in built(tidy, tmp_path)].count("user") == 0
    assert tidy.ok("--", "echo", "still here", cwd=project) == "still here\n"


@contextmanager
def small_store(place: Path) -> Iterator[dict[str, str]]:
    """The variables by which podman keeps what it makes on 96 MB, and finds images in its usual store."""
    store, run = place / "small", place / "run"
    store.mkdir()
    told = subprocess.run(
        ["podman", "info", "--format", "{{.Store.GraphRoot}}"], capture_output=True, text=True, check=True
    )
    settings = place / "storage.conf"
    settings.write_text(
        f'[storage]\ndriver = "overlay"\ngraphroot = "{store}"\nrunroot = "{run}"\n'
        f'[storage.options]\nadditionalimagestores = ["{told.stdout.strip()}"]\n'
    )
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=96m", "tmpfs", store], check=True)
    try:
        yield {"CONTAINERS_STORAGE_CONF": str(settings), "TMPDIR": str(place)}
    finally:
        subprocess.run(["umount", "--recursive", "--lazy", store], check=True)
