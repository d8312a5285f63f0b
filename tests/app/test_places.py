"""A limit on running containers: who waits for whom, and that the limit holds."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from contenant.app import places
from contenant.app.results import RunRequest
from contenant.app.run import run
from contenant.errors import BusyError
from tests.app.test_ssh_agent import wait_for
from tests.app.world import SilentUi, World


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    made = World(monkeypatch)
    monkeypatch.setattr(places, "_LOOK", 0.05)
    monkeypatch.setattr(places, "_TURN", 0.02)
    yield made
    made.close()


def running(world: World) -> int:
    return sum(report.state == "running" for report in world.reports())


def test_eight_starts_at_once_and_never_more_than_two(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTENANT_MAX_RUNNING", "2")
    seen: list[int] = []

    def attach(argv: object, **given: object) -> int:
        for _ in range(10):
            seen.append(running(world))
            time.sleep(0.01)
        return 0

    monkeypatch.setattr("contenant.app.session.attach", attach)
    codes: list[int] = []
    paths = [world.project(f"p{number}") for number in range(8)]
    threads = [
        threading.Thread(target=lambda path=path: codes.append(run(RunRequest(path, ("true",)), SilentUi())))
        for path in paths
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert codes == [0] * 8
    assert max(seen) == 2
    assert len(world.reports()) == 8
    assert list((world.home / "state" / "state" / "queue").iterdir()) == []


def test_it_says_what_it_waits_for_and_goes_on(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.run("first")
    monkeypatch.setenv("CONTENANT_MAX_RUNNING", "1")
    with pytest.raises(
        BusyError, match=r"no place for contenant-second-.*: 1 of 1 containers run: .* \(used just now, "
    ):
        run(RunRequest(world.project("second"), ("true",), no_wait=True), world.ui)
    world.run("first")  # one that runs needs no place
    ui = SilentUi()
    waiting = threading.Thread(target=run, args=(RunRequest(world.project("second"), ("true",)), ui))
    waiting.start()
    wait_for(lambda: any("waiting for a place" in text for text in ui.said))
    (told,) = [text for text in ui.said if "waiting for a place" in text]
    assert "contenant-first-" in told
    assert "used " in told
    assert "0 sessions" in told
    world.stop("first")
    waiting.join(20)
    assert running(world) == 1


def test_another_installations_containers_take_no_place(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.engine.add_foreign("somebody", {"dev.contenant.managed": "1", "dev.contenant.host": "other"})
    monkeypatch.setenv("CONTENANT_MAX_RUNNING", "1")
    assert run(RunRequest(world.project("shop"), ("true",), no_wait=True), world.ui) == 0


WAITER = """
import sys
from pathlib import Path
from contenant.app import places
queue = Path(sys.argv[1])
ticket = places._draw(queue)
print(ticket.path.name, flush=True)
while places._before(ticket):
    pass
print("first", flush=True)
sys.stdin.read()
"""


def test_order_and_killed_waiters(contenant_home: Path, tmp_path: Path) -> None:
    queue = contenant_home / "state" / "queue"
    queue.mkdir(parents=True)

    def wait() -> subprocess.Popen[str]:
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        argv = [sys.executable, "-c", WAITER, str(queue)]
        process = subprocess.Popen(argv, text=True, env={**os.environ}, **pipes)  # type: ignore[call-overload]
        assert process.stdout is not None
        process.stdout.readline()
        return process  # type: ignore[no-any-return]

    waiting = [wait() for _ in range(4)]
    first, second, third, fourth = waiting
    try:
        assert first.stdout is not None and first.stdout.readline() == "first\n"
        second.send_signal(signal.SIGKILL)
        second.wait()
        first.kill()
        first.wait()
        assert third.stdout is not None and third.stdout.readline() == "first\n"
        assert [path.name for path in sorted(queue.iterdir())] == ["000000000003", "000000000004"]
        third.kill()
        third.wait()
        assert fourth.stdout is not None and fourth.stdout.readline() == "first\n"
    finally:
        for process in waiting:
            process.kill()
            process.communicate()


def test_who_gives_up_leaves_the_queue(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.run("first")
    monkeypatch.setenv("CONTENANT_MAX_RUNNING", "1")

    def interrupt(seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(places.time, "sleep", interrupt)
    with pytest.raises(KeyboardInterrupt):
        run(RunRequest(world.project("second"), ("true",)), world.ui)
    monkeypatch.undo()
    assert list((world.home / "state" / "state" / "queue").iterdir()) == []
