"""What Apple's engine alone does to its users: its service down or of another release, and orphans."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.real.apple import standin_of
from tests.real.conftest import Contenant, wait_for
from tests.terminal_client import Client

pytestmark = pytest.mark.real
ENGINES = ("container-1.2.2",)
START = "container system start --enable-kernel-install"
VERSION = "CONTAINER_STANDIN_VERSION"


@pytest.fixture
def down(contenant: Contenant, project: Path) -> Iterator[Contenant]:
    """A project with a container, and then a service that is down, as after a restart of the Mac."""
    contenant.ok("--", "true", cwd=project)
    contenant.raw("system", "stop")
    yield contenant
    contenant.raw("system", "start", "--enable-kernel-install")


def on_terminal(contenant: Contenant, project: Path, answer: bytes) -> Client:
    """`contenant -- echo came-through`, and what is answered to its question."""
    client = Client(contenant.argv("--", "sh", "-c", "echo came-$((1+1))"), env=contenant.env, cwd=project)
    client.until(b"Start Apple's container service? The first time it fetches a Linux kernel. [y/N] ", 60)
    client.type(answer)
    return client


def test_a_service_that_is_down_is_started_by_whoever_says_yes(down: Contenant, project: Path) -> None:
    client = on_terminal(down, project, b"y\n")
    client.until(b"came-2", 60)
    assert client.process.wait(30) == 0
    client.close()
    assert down.rows(project)[0]["state"] == "stopped"
    assert not down.history(project, "--kind", "container.gone")


def test_it_stays_down_for_whoever_says_no(down: Contenant, project: Path) -> None:
    client = on_terminal(down, project, b"n\n")
    client.until(START.encode())
    assert client.process.wait(30) == 3
    client.close()


def test_where_nobody_can_be_asked_the_command_is_named(down: Contenant, project: Path) -> None:
    for words in (("--", "true"), ("image", "build"), ("stop",), ("clean", "--yes"), ("list",)):
        done = down(*words, cwd=project)
        assert done.returncode == 3, (words, done.stderr)
        assert START in done.stderr, words
    down.raw("system", "start", "--enable-kernel-install")
    assert len(down.rows(project)) == 1


def test_a_release_that_holds_nobody_is_refused_before_anything_is_made(
    contenant: Contenant, project: Path
) -> None:
    done = contenant("--", "true", cwd=project, env={VERSION: "0.11.0"})
    assert done.returncode == 3
    assert "container is 0.11.0, contenant needs 0.12.0 or newer" in done.stderr
    assert "install a newer one, then `container system stop && container system start`" in done.stderr
    contenant.ok("--", "true", cwd=project)
    assert contenant("--", "true", cwd=project, env={VERSION: "0.11.0"}).returncode == 3
    assert contenant("image", "build", cwd=project, env={VERSION: "0.11.0"}).returncode == 3


def test_an_upgrade_names_the_skew_and_the_containers_it_left_behind(
    contenant: Contenant, project: Path
) -> None:
    contenant.ok("--", "true", cwd=project)
    upgraded = {VERSION: "1.4.1"}
    done = contenant("--", "true", cwd=project, env=upgraded)
    assert done.returncode == 0
    assert "was made by container 1.2.2, now it is 1.4.1" in done.stderr
    assert "`contenant --recreate` makes it anew" in done.stderr
    done = contenant("--recreate", "--", "true", cwd=project, env=upgraded)
    assert "the command is 1.4.1, the running service 1.2.2: `container system stop &&" in done.stderr
    standin = standin_of(contenant.env)
    try:
        for standing, words in ((standin, ("stop",)), (standin.another("1.4.1"), ("start",))):
            standing.ok("system", *words)
        done = contenant("--recreate", "--", "true", cwd=project, env=upgraded)
        assert "running service" not in done.stderr
        assert "was made by" not in contenant("--", "true", cwd=project, env=upgraded).stderr
    finally:
        standin.ok("system", "stop")
        standin.ok("system", "start")
    assert "was made by container 1.4.1, now it is 1.2.2" in contenant("--", "true", cwd=project).stderr


def test_an_orphan_of_a_killed_client_is_found_and_ended(contenant: Contenant, project: Path) -> None:
    beats = project / "beats"
    script = "echo first >/project/beats; echo up; while :; do echo beat >>/project/beats; sleep 0.2; done"
    process = contenant.start("--", "sh", "-c", script, cwd=project)
    assert process.stdout is not None
    assert process.stdout.readline() == b"up\n"
    client = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    for pid in (process.pid, *map(int, client)):
        os.kill(pid, signal.SIGKILL)
    size = beats.stat().st_size
    wait_for(lambda: beats.stat().st_size > size, 10, "it outlives its client")
    row = contenant.rows(project)[0]
    assert (row["state"], row["sessions_live"]) == ("running", 0)
    assert contenant.history(project, "--kind", "session")[0]["data"]["how"] == "lost"
    contenant.ok("--", "true", cwd=project)
    assert contenant.rows(project)[0]["state"] == "stopped"
    size = beats.stat().st_size
    with pytest.raises(AssertionError):
        wait_for(lambda: beats.stat().st_size > size, 1)


def test_a_container_that_takes_no_session_does_not_hold_its_user(
    contenant: Contenant, project: Path
) -> None:
    contenant.env["CONTENANT_KEEP_RUNNING"] = "true"
    contenant.ok("--", "true", cwd=project)
    name = contenant.rows(project)[0]["name"]
    bounded = {"CONTAINER_STANDIN_HANG": "1"}
    done = standin_of(contenant.env).run("cp", f"{name}:/none", str(project), env=bounded)
    assert done.returncode == 75
    contenant.env["CONTAINER_STANDIN_HANG"] = ""
    bare = contenant.start("--", "true", cwd=project)
    contenant.env["CLAUDE_CODE_OAUTH_TOKEN"] = "sk-ant-oat01-" + "x" * 60
    with_credential = contenant.start("--", "true", cwd=project)
    for process in (bare, with_credential):
        _, err = process.communicate(timeout=110)
        assert process.returncode == 3, err
        assert f"container did not bring a session into {name} within 60 s" in err.decode()
        assert "--recreate --force" in err.decode()
    row = contenant.rows(project)[0]
    assert (row["state"], row["sessions_live"]) == ("running", 0)
    endings = contenant.history(project, "--kind", "session")
    assert [session["data"]["how"] for session in endings] == ["failed", "failed", "exited"]
    contenant.ok("run", "--recreate", "--force", "--", "true", cwd=project)
