"""`contenant list` and a session ask their engine before anything else, once, and leave nothing running."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from contenant.app import ahead
from tests.app.world import World
from tests.cli.world import populate

PODMAN = """#!/bin/sh
echo $$ "$@" >> {log}
exec /bin/cat {answer}
"""


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where podman, which knows one container, writes its process id and what it is called with."""
    bin_ = tmp_path / "bin"
    populate(tmp_path / "shop", bin_)
    log = tmp_path / "calls"
    (bin_ / "podman").write_text(PODMAN.format(log=log, answer=bin_ / "ps.json"))
    monkeypatch.setenv("PATH", f"{bin_}:/usr/bin:/bin")
    return log


def calls(log: Path, wait: bool = False) -> list[list[str]]:
    deadline = time.monotonic() + 20
    while wait and not (log.exists() and log.read_text().endswith("\n")) and time.monotonic() < deadline:
        time.sleep(0.02)
    return [line.split() for line in log.read_text().splitlines()] if log.exists() else []


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "contenant", *arguments]
    return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("arguments", [(), ("--json",), ("--engine", "podman"), ("--engine=podman",)])
def test_a_list_is_one_call(log: Path, arguments: tuple[str, ...]) -> None:
    done = command("list", *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    assert "shop" in done.stdout
    assert [call[1] for call in calls(log)] == ["ps"]


def test_the_engine_is_asked_before_the_command_line_is_loaded(log: Path) -> None:
    script = (
        "import sys; sys.argv[1:] = ['list']; from contenant.app.ahead import asking, take\n"
        "with asking([]):\n"
        "    assert 'click' not in sys.modules and not [m for m in sys.modules if 'sqlite3' in m]\n"
        "    reports = take('podman').result()\n"
        "    assert take('podman') is None\n"
        "print(len(reports))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("1\n", "")
    assert len(calls(log)) == 1


@pytest.mark.parametrize("arguments", [("--", "true"), ("run", "--", "true")])
def test_a_session_asks_before_its_command_line_is_loaded(
    log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path / "shop")
    monkeypatch.setenv("CONTENANT_KEEP_RUNNING", "1")
    command(*arguments)  # puts the policy in force that the record lacks
    log.unlink()
    assert command(*arguments).returncode == 0
    assert [call[1] for call in calls(log)] == ["ps", "exec"]


@pytest.mark.parametrize("argv", [["--", "--help"], ["run", "x"], []], ids=" ".join)
def test_who_is_asked_for_a_command_line(log: Path, argv: list[str]) -> None:
    """What stands behind `--` is the command's own; completion asks nobody."""
    script = (
        f"import sys; sys.argv[1:] = {argv}\n"
        "from contenant import __main__\n"
        "from contenant.app import ahead\n"
        "__main__._enter = lambda: len(ahead._asked)\n"
        "print(__main__.main())"
    )
    for variable, asked in (("_OTHER", "1\n"), ("_CONTENANT_COMPLETE", "0\n")):
        env = os.environ | {variable: "bash"}
        if variable == "_CONTENANT_COMPLETE":
            script = script.replace("from contenant.app import ahead\n", "").replace("len(ahead._asked)", "0")
        done = subprocess.run([sys.executable, "-c", script], env=env, capture_output=True, text=True)
        assert (done.stdout, done.stderr) == (asked, "")


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """The use cases over an engine in memory."""
    world = World(monkeypatch)
    yield world
    world.close()


def ask_early(world: World) -> None:
    """As `asking` does; the answer is of now."""
    ahead._asked["podman"] = time.monotonic(), world.engine.containers()


def listed(world: World) -> int:
    return sum(method == "containers" for method, _ in world.engine.calls)


def test_an_early_answer_that_agrees_with_the_record_will_do(world: World) -> None:
    world.run("a")
    world.engine.calls.clear()
    ask_early(world)
    world.run("a")
    assert listed(world) == 1


@pytest.mark.parametrize("meanwhile", ["made", "gone", "stopped"])
def test_what_changed_between_answer_and_lock_is_asked_for_again(world: World, meanwhile: str) -> None:
    if meanwhile != "made":
        world.run("a")
    ask_early(world)
    early = dict(ahead._asked)
    ahead._asked.clear()  # the other contenant has none
    if meanwhile == "made":
        world.run("a")
    elif meanwhile == "gone":
        world.clean(force=True)
        world.run("a")
    else:
        world.stop("a")
    ahead._asked.update(early)
    before = world.recorded()
    world.engine.calls.clear()
    world.run("a")
    assert listed(world) == 1  # not counting the early one
    assert world.recorded() == dict.fromkeys(before, "running")
    assert len(before) == 1


def test_an_answer_from_before_a_long_wait_does_not_count(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask_early(world)
    now = time.monotonic() + 60
    monkeypatch.setattr(ahead.time, "monotonic", lambda: now)
    assert ahead.take("podman") is None
    assert not ahead._asked


def test_an_engine_that_is_set_in_a_file_is_the_one_that_is_asked(
    log: Path, tmp_path: Path, contenant_home: Path
) -> None:
    (tmp_path / "bin/docker").write_text(f"#!/bin/sh\necho $$ docker >> {log}\n")
    (tmp_path / "bin/docker").chmod(0o755)
    file = contenant_home / "config" / "config.toml"
    file.parent.mkdir(parents=True)
    for text, program in (('engine = "docker"', "docker"), ("cpus = 2", "podman")):
        file.write_text(text)
        with ahead.asking([]):
            assert list(ahead._asked) == [program]


@pytest.mark.parametrize("word", ["-h", "--help", "--engine", "--engine=docker"])
def test_nothing_is_asked_that_would_not_be_read(log: Path, word: str) -> None:
    with ahead.asking([word]):
        assert ahead.take("podman") is None
    assert not calls(log)


def test_a_list_nobody_took_is_given_up(log: Path, tmp_path: Path) -> None:
    (tmp_path / "bin/podman").write_text(f"#!/bin/sh\necho $$ >> {log}\nexec sleep 600\n")
    with ahead.asking(["--sort", "wombat"]):
        pid = int(calls(log, wait=True)[0][0])
        os.kill(pid, 0)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert ahead.take("podman") is None


def test_what_stands_in_the_way_is_left_to_the_command(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTENANT_ENGINE", "wombat")
    with ahead.asking([]):
        assert ahead.take("podman") is None
    done = command("list")
    assert done.returncode == 2
    assert "wombat" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_closed_stream_takes_no_pipe(log: Path) -> None:
    shell = f'"{sys.executable}" -m contenant list <&- 2>&-'
    done = subprocess.run(["/bin/sh", "-c", shell], stdout=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 0
    assert "shop" in done.stdout
    assert len(calls(log)) == 1
