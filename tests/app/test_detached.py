"""Detached sessions over an engine in memory: begun, found by name, waited for, and never taken for alive
when nothing of them is left."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from contenant import host
from contenant.app import attach, detached, named, run, send, session, waiting
from contenant.app.attach import LogsRequest
from contenant.app.ledger import Ledger
from contenant.app.named import Named, Wanted
from contenant.app.project import container_dir
from contenant.app.results import RunRequest
from contenant.core.records import SessionRecord
from contenant.errors import EngineError, EngineUnavailableError, NotFoundError, UsageError
from contenant.process import Result
from tests.app.world import World

ANY = Wanted(lambda one: True, "a session")


class Desk(World):
    """An installation whose containers begin sessions as the image does, as far as files tell."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        super().__init__(patch)
        self.answer_of_begin = Result(0, "", "")
        self.typed: list[tuple[list[str], bytes | None]] = []
        patch.setenv("CONTENANT_KEEP_RUNNING", "true")
        patch.setattr(detached, "capture", self._begin)
        patch.setattr(send, "capture", self._type)
        patch.setattr(waiting, "PAUSE", 0.01)

    def _begin(self, argv: list[str], **given: object) -> Result:
        self.began = argv
        assert self.ui.silence == "beginning the session"
        if self.answer_of_begin.code == 0:
            self.file(argv[2], argv[argv.index("--") - 1], "pid").write_text("7 8 record began\n")
        return self.answer_of_begin

    def _type(self, argv: list[str], *, timeout: float, stdin: bytes | None = None) -> Result:
        self.typed.append((argv[3:], stdin))
        return Result(0, "", "")

    def file(self, container: str, session_id: str, kind: str) -> Path:
        """One of the files of a session."""
        return container_dir(container) / "sessions" / f"{session_id}.{kind}"

    def begin(self, name: str, *argv: str, variant: str = "") -> Named:
        """`contenant run -d [--name VARIANT] [-- CMD]` in a project."""
        ids: list[str] = []
        path = self.project(name)
        assert run.run(RunRequest(path, argv, detach=True, variant=variant), self.ui, ids.append) == 0
        with Ledger() as ledger:
            return named.find(ledger, ids[0], ANY)

    def end(self, one: Named, code: int) -> None:
        """The session ends by itself."""
        self.file(one.container.name, one.session.id, "exit").write_text(f"{code}\n")
        self.file(one.container.name, one.session.id, "pid").unlink()

    def on_record(self, one: Named) -> SessionRecord:
        with Ledger() as ledger:
            return named.again(ledger, one).session


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    world = Desk(monkeypatch)
    yield world
    world.close()


def test_a_detached_command_is_on_record_and_lives_without_contenant(desk: Desk) -> None:
    one = desk.begin("shop", "make", "test")
    assert desk.began[3:] == [session.WRAPPER, "record", one.session.id, "--", "make", "test"]
    assert (one.session.detached, one.session.has_terminal, one.session.pid) == (True, False, 0)
    assert desk.list().rows[0].sessions_live == 1
    kinds = [event.kind for event in desk.events() if event.subject == one.session.id]
    assert kinds == ["session.starting", "session.detached"]
    desk.end(one, 3)
    assert desk.list().rows[0].sessions_live == 0
    ended = desk.on_record(one)
    assert (ended.how, ended.exit_code) == ("detached-exit", 3)


def test_a_detached_agent_has_a_terminal(desk: Desk) -> None:
    one = desk.begin("shop")
    assert desk.began[4] == "begin"
    assert (one.session.detached, one.session.has_terminal) == (True, True)


def test_one_whose_command_is_not_there_has_ended_with_its_code(desk: Desk) -> None:
    desk.answer_of_begin = Result(127, "", "contenant: nosuch: command not found\n")
    ids: list[str] = []
    request = RunRequest(desk.project("shop"), ("nosuch",), detach=True)
    desk._patch.setattr(detached.arrival, "is_missed", lambda place, session_id: False)
    assert run.run(request, desk.ui, ids.append) == 127
    assert ids == []
    assert "nosuch: command not found" in desk.ui.said


def test_a_container_of_an_older_image_is_said_to_need_a_new_one(desk: Desk) -> None:
    one = desk.begin("shop")
    told = "contenant: usage: session run|attach SID -- CMD… | signal SID NAME | list\n"
    desk.answer_of_begin = Result(125, "", told)
    with pytest.raises(EngineError, match="cannot do this yet"):
        run.run(RunRequest(desk.project("shop"), ("make",), detach=True), desk.ui)
    assert "it is started again" not in " ".join(desk.ui.said)
    assert desk.list().rows[0].sessions_live == 1
    desk._patch.setattr(send, "capture", lambda argv, **given: desk.answer_of_begin)
    with pytest.raises(EngineError, match="cannot do this yet"):
        send.send(one.session.id, "x", enter=True)


def test_an_idle_stop_leaves_a_container_with_a_detached_session(desk: Desk) -> None:
    one = desk.begin("shop", "make")
    desk.run("shop", keep=False)
    assert desk.list().rows[0].state == "running"
    desk.end(one, 0)
    desk.run("shop", keep=False)
    assert desk.list().rows[0].state == "stopped"


def test_after_a_restart_of_the_machine_none_lives(desk: Desk) -> None:
    """Also where somebody started its container by hand before contenant looked."""
    one, other = desk.begin("shop", "make"), desk.begin("blog", "make")
    desk.end(other, 5)
    desk._patch.setattr(host, "boot_id", lambda: "another boot")
    desk.list()
    assert (desk.on_record(one).how, desk.on_record(one).exit_code) == ("lost", None)
    assert (desk.on_record(other).how, desk.on_record(other).exit_code) == ("detached-exit", 5)


def test_a_container_that_was_started_anew_has_forgotten_them(desk: Desk) -> None:
    one = desk.begin("shop", "make")
    desk.file(one.container.name, one.session.id, "pid").unlink()
    desk.list()
    assert desk.on_record(one).how == "lost"


def test_a_session_is_found_by_its_id_and_by_its_project(desk: Desk) -> None:
    moment = host.now()  # it stands still: their ids differ in the last character only
    desk._patch.setattr(host, "now", lambda: moment)
    desk.begin("shop", "first")
    agent = desk.begin("shop")
    last = desk.begin("shop", "last")
    with Ledger() as ledger:
        path = str(desk.project("shop"))
        assert named.find(ledger, path, ANY).session.id == last.session.id
        assert named.find(ledger, path, send.TERMINAL).session.id == agent.session.id
        assert named.find(ledger, agent.container.name, ANY).session.id == last.session.id
        assert named.find(ledger, agent.session.id, ANY).session.id == agent.session.id
        with pytest.raises(NotFoundError, match="is not a session with a terminal"):
            named.find(ledger, last.session.id, send.TERMINAL)
        with pytest.raises(NotFoundError, match="several sessions begin with") as several:
            named.find(ledger, last.session.id[:6], ANY)
        assert several.value.message.count(last.session.id[:6]) == 3
        with pytest.raises(NotFoundError, match="not to be found in"):
            named.find(ledger, str(desk.project("blog")), ANY)


def test_of_a_project_that_has_none_alive_the_newest_that_ended_is_waited_for(desk: Desk) -> None:
    first, last = desk.begin("shop", "first"), desk.begin("shop", "last")
    desk.end(first, 1)
    desk.end(last, 2)
    path = str(desk.project("shop"))
    codes: list[tuple[str, int]] = []

    def told(one: Named, code: int) -> None:
        codes.append((one.session.id, code))

    assert waiting.wait([path], notify=False, told=told) == 2
    assert waiting.wait([last.session.id, first.session.id], notify=False, told=told) == 2
    assert codes == [(last.session.id, 2), (last.session.id, 2), (first.session.id, 1)]
    assert desk.on_record(last).how == "detached-exit"


def test_where_no_engine_answers_nothing_is_said_about_sessions(desk: Desk) -> None:
    one = desk.begin("shop")
    desk.engine.unreachable()
    for word in (one.session.id, str(desk.project("blog"))):
        with pytest.raises(EngineUnavailableError):
            waiting.wait([word], notify=False, told=lambda one, code: None)
        with pytest.raises(EngineUnavailableError):
            send.send(word, "x", enter=True)
        with pytest.raises(EngineUnavailableError):
            attach.attach(word, tty=True, notify=False, write=lambda piece: None, ui=desk.ui)
    assert desk.on_record(one).ended == ""


def test_waiting_for_one_that_left_no_code_is_a_failure(desk: Desk) -> None:
    one = desk.begin("shop", "make")
    desk.engine.stop_all()
    with pytest.raises(EngineError, match="without an exit code: container stopped"):
        waiting.wait([one.session.id], notify=False, told=lambda one, code: None)


def test_text_goes_to_a_terminal_as_it_is(desk: Desk) -> None:
    one = desk.begin("shop")
    send.send(str(desk.project("shop")), "-x\r\n\t$(y);é", enter=False)
    assert desk.typed == [([session.WRAPPER, "send", one.session.id, "plain"], "-x\n\t$(y);é".encode())]
    for text in ("a\0b", "a\x03", "\x1b[A", "a\rb", "\x9b", "x" * (send.LONGEST + 1)):
        with pytest.raises(UsageError):
            send.send(one.session.id, text, enter=True)


def test_what_one_said_is_there_after_its_end(desk: Desk) -> None:
    one = desk.begin("shop", "make")
    pieces: list[bytes] = []
    with pytest.raises(NotFoundError, match="nothing is kept"):
        attach.logs(LogsRequest(one.session.id, False, None), pieces.append)
    desk.file(one.container.name, one.session.id, "log").write_text("done\n")
    desk.end(one, 4)
    attach.logs(LogsRequest(str(desk.project("shop")), True, None), pieces.append)
    assert b"".join(pieces) == b"done\n"


def test_a_detached_command_is_attached_to_by_its_output_and_passes_its_code_on(desk: Desk) -> None:
    one, pieces = desk.begin("shop", "make"), []
    log = desk.file(one.container.name, one.session.id, "log")
    log.write_text("up\n")

    def write(piece: bytes) -> None:
        if piece == b"up\n":
            desk.end(one, 6)
        pieces.append(piece)

    given = {"tty": False, "notify": False, "ui": desk.ui}
    assert attach.attach(str(desk.project("shop")), write=write, **given) == 6
    assert b"".join(pieces) == b"up\n"
    agent = desk.begin("shop")
    with pytest.raises(UsageError, match="here is none"):
        attach.attach(agent.session.id, write=write, **given)


def test_only_the_newest_keep_their_output(desk: Desk) -> None:
    desk._patch.setattr(detached, "KEPT", 2)
    made = [desk.begin("shop", "make") for _ in range(2)]
    for one in made:
        desk.file(one.container.name, one.session.id, "log").write_text("x")
        desk.file(one.container.name, one.session.id, "log.1").write_text("x")
    live = desk.begin("shop", "make")
    desk.file(live.container.name, live.session.id, "log").write_text("x")
    desk.end(made[0], 0)
    desk.begin("shop", "make")
    left = sorted(path.name for path in desk.file(live.container.name, "x", "log").parent.glob("*.log*"))
    assert left == [f"{made[1].session.id}.log", f"{made[1].session.id}.log.1", f"{live.session.id}.log"]
