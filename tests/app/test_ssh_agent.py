"""The SSH agent over a real ssh-agent and the relay's own two ends, without a container between them."""

from __future__ import annotations

import os
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path

import pytest

from contenant import config
from contenant.app import ssh_agent
from contenant.app.ledger import Ledger
from contenant.app.results import RunRequest
from contenant.app.run import run
from contenant.core.ssh_agent import FAILURE, fingerprints, is_permitted
from contenant.core.values import ExecSpec
from contenant.errors import ConfigError
from tests.app.world import SilentUi, World

HEAD = struct.Struct(">II")


class Agent:
    """An ssh-agent with one key."""

    def __init__(self, folder: Path) -> None:
        self.socket = str(folder / "agent.sock")
        argv = ["ssh-agent", "-D", "-a", self.socket]
        self._process = subprocess.Popen(argv, stdout=subprocess.DEVNULL)
        key = folder / "key"
        make = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "a comment", "-f", str(key)]
        subprocess.run(make, check=True)
        wait_for(lambda: add(self.socket, "-l").returncode == 1)  # it answers, and has none
        assert add(self.socket, "-q", str(key)).returncode == 0
        self.key = add(self.socket, "-l").stdout.split()[1]

    def end(self) -> None:
        self._process.terminate()
        self._process.wait()


def add(place: str, *words: str, program: str = "ssh-add") -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "SSH_AUTH_SOCK": place, "LC_ALL": "C"}
    argv = [program, *words]
    return subprocess.run(argv, env=env, capture_output=True, text=True, timeout=20, check=False)


def wait_for(condition: object, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Agent]:
    made = Agent(tmp_path)
    yield made
    made.end()


class Here:
    """An engine whose containers are this machine: the wrapper's own words are left out."""

    name = "podman"

    def __init__(self, instead: Sequence[str] = ()) -> None:
        self._instead = list(instead)

    def exec_argv(self, name: str, spec: ExecSpec) -> list[str]:
        del name
        words = list(spec.argv)
        return self._instead or [sys.executable, *words[words.index("--") + 2 :]]


@contextmanager
def lent(
    agent: Agent,
    tmp_path: Path,
    patch: pytest.MonkeyPatch,
    engine: Here | None = None,
    ui: SilentUi | None = None,
) -> Iterator[str]:
    place = str(tmp_path / "inside.sock")
    patch.setattr(ssh_agent, "place_inside", lambda session_id: place)
    found = ssh_agent.Agent(agent.socket, ())
    told = ui or SilentUi()
    with ssh_agent.lend(engine or Here(), "box", "s1", "wrapper", found, told):  # type: ignore[arg-type]
        yield place


def test_keys_are_listed_and_sign_and_the_socket_goes(
    agent: Agent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = tmp_path / "text"
    text.write_text("hello\n")
    with lent(agent, tmp_path, monkeypatch) as place:
        assert Path(place).stat().st_mode & 0o777 == 0o600
        assert agent.key in add(place, "-l").stdout
        words = ("-Y", "sign", "-q", "-n", "file", "-f", str(tmp_path / "key.pub"), str(text))
        signed = add(place, *words, program="ssh-keygen")
        assert signed.returncode == 0, signed.stderr
        assert (tmp_path / "text.sig").exists()
    assert not Path(place).exists()


def test_connections_side_by_side(agent: Agent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with lent(agent, tmp_path, monkeypatch) as place:
        idle = socket.socket(socket.AF_UNIX)
        idle.connect(place)  # one that asks nothing keeps nobody waiting
        found: list[str] = []
        threads = [threading.Thread(target=lambda: found.append(add(place, "-l").stdout)) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(found) == 12
        assert all(agent.key in text for text in found)
        idle.close()


@pytest.mark.parametrize("words", [("-D",), ("-x",), ("-d", "key.pub"), ("-s", "/tmp/evil.so"), ("key2",)])
def test_whatever_changes_the_agent_is_refused(
    agent: Agent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    make = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "key2")]
    subprocess.run(make, check=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SSH_ASKPASS", "/bin/true")
    monkeypatch.setenv("SSH_ASKPASS_REQUIRE", "force")
    with lent(agent, tmp_path, monkeypatch) as place:
        assert add(place, *words).returncode != 0
    left = add(agent.socket, "-l").stdout
    assert agent.key in left
    assert left.count("\n") == 1


def test_only_listing_signing_and_binding_are_permitted() -> None:
    bind = b"\x1b" + (24).to_bytes(4) + b"session-bind@openssh.com" + b"rest"
    assert [is_permitted(text) for text in (b"\x0b", b"\x0d...", bind)] == [True] * 3
    other = b"\x1b" + (5).to_bytes(4) + b"query"
    refused = [
        b"",
        b"\x0b.",
        b"\x1b",
        b"\x1b\xff\xff\xff\xff",
        other,
        *(bytes([n]) for n in (1, 17, 18, 19, 20, 26)),
    ]
    assert [text for text in refused if is_permitted(text)] == []


@pytest.mark.parametrize("answer", [b"", b"\x05", b"\x0c", b"\x0c\0\0\0\1", b"\x0c\xff\xff\xff\xff\0\0\0\1a"])
def test_what_is_no_list_of_keys(answer: bytes) -> None:
    with pytest.raises(ValueError, match=r"not an SSH agent's answer|cut off"):
        fingerprints(answer)


HOSTILE = {
    "length": HEAD.pack(1, 1 << 31),
    "flood": b"".join(HEAD.pack(1, 1) + b"\x0b" for _ in range(5000)),
    "crowd": b"".join(HEAD.pack(number, 1) + b"\x11" for number in range(1, 200)),
    "closing": b"".join(HEAD.pack(number, 0) for number in range(200)),
    "half": HEAD.pack(1, 100) + b"x",
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_container_that_lies_harms_only_itself(
    agent: Agent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """Threads and memory stay bounded, and the end is found."""
    (tmp_path / "lie").write_bytes(HEAD.pack(0, 0) + HOSTILE[kind])
    before = threading.active_count()
    engine = Here(["sh", "-c", f"cat {tmp_path / 'lie'}; cat >{tmp_path / 'answers'}"])
    with lent(agent, tmp_path, monkeypatch, engine):
        most = 0
        for _ in range(30):
            most = max(most, threading.active_count())
            time.sleep(0.01)
    assert most <= before + 40
    wait_for(lambda: threading.active_count() <= before)
    answers = (tmp_path / "answers").read_bytes()
    if kind == "crowd":
        assert FAILURE in answers
        assert HEAD.pack(199, 0) in answers
    assert agent.key in add(agent.socket, "-l").stdout


def test_a_container_that_does_not_take_it(
    agent: Agent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for program in ("false", "echo"):
        with (
            pytest.raises(ssh_agent.RelayError, match="box did not take"),
            lent(agent, tmp_path, monkeypatch, Here([program])),
        ):
            pass


def test_an_agent_that_went_is_told_at_the_end(
    agent: Agent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ui = SilentUi()
    with lent(agent, tmp_path, monkeypatch, ui=ui) as place:
        assert agent.key in add(place, "-l").stdout
    assert ui.said == [], "one that answers is no news"
    with lent(agent, tmp_path, monkeypatch, ui=ui) as place:
        agent.end()
        assert add(place, "-l").returncode != 0
        assert ui.said == [], "not while the terminal is the session's"
    assert ui.said == [f"the SSH agent at {agent.socket} failed the session: No such file or directory"]


def test_an_answer_that_comes_too_late_goes_nowhere(
    agent: Agent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An agent may ask its user for minutes. By then the number of the pipe may be another file's."""
    late = tmp_path / "late.sock"
    go, asked = threading.Event(), threading.Event()

    def answer(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection:
            connection.recv(100)
            asked.set()
            go.wait(20)
            connection.sendall(b"\0\0\0\x01\x05")
            connection.recv(1)

    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(late))
        server.listen()
        thread = threading.Thread(target=answer, args=(server,))
        thread.start()
        agent.socket, own = str(late), agent.socket
        with (
            lent(agent, tmp_path, monkeypatch) as place,
            socket.socket(socket.AF_UNIX) as client,
        ):
            client.connect(place)
            client.sendall(b"\0\0\0\x01\x0b")
            assert asked.wait(10)
        with ExitStack() as files:
            opened = [files.enter_context((tmp_path / f"{n}.db").open("wb")) for n in range(20)]
            go.set()
            thread.join(20)
            assert [os.fstat(file.fileno()).st_size for file in opened] == [0] * 20
        agent.socket = own


def test_a_session_records_that_it_has_one(
    agent: Agent, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, seen = world.project("shop"), []
    monkeypatch.setenv("SSH_AUTH_SOCK", agent.socket)

    @contextmanager
    def lend(engine: object, name: str, session_id: str, *more: object) -> Iterator[None]:
        del engine, name, more
        seen.append(session_id)
        yield

    monkeypatch.setattr(ssh_agent, "lend", lend)
    run(RunRequest(shop, ("true",)), world.ui)
    assert seen == []
    run(RunRequest(shop, ("true",), ssh=True), world.ui)
    run(RunRequest(shop, ("true",)), world.ui)
    assert len(seen) == 1
    with Ledger() as ledger:
        assert ssh_agent.lent_in(ledger, str(shop)) == set(seen)
        view = ledger.snapshot()
        assert view is not None
        (row,) = [row for row in view.history(path=str(shop)) if row.kind == "session.ssh"]
    assert (row.summary, row.container) == (f"SSH agent: {agent.key}", next(iter(world.engine.specs)))


@pytest.mark.parametrize(
    ("began_with", "flag", "given", "told"),
    [
        (True, False, True, ""),
        (True, True, True, ""),
        (False, False, False, ""),
        (False, True, False, "`contenant --new --ssh` starts one with it"),
    ],
)
def test_a_session_that_is_come_back_to_has_it_if_it_began_with_it(
    agent: Agent,
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    began_with: bool,
    flag: bool,
    given: bool,
    told: str,
) -> None:
    shop = world.project("shop")
    monkeypatch.setenv("SSH_AUTH_SOCK", agent.socket)
    monkeypatch.setattr(ssh_agent, "lend", lambda *given: nullcontext())
    run(RunRequest(shop, ("true",), ssh=began_with), world.ui)
    settings = config.load(None, {}, {"ssh": True} if flag else {})
    with Ledger() as ledger:
        (session,) = ledger.store().sessions()
        found = ssh_agent.again(ledger, session, str(shop), settings, world.ui)
        assert found == (ssh_agent.Agent(agent.socket, (agent.key,)) if given else None)
        assert [text for text in world.ui.said if "began without" in text] == (
            [f"this session began without the SSH agent; {told}"] if told else []
        )
        agent.end()
        assert ssh_agent.again(ledger, session, str(shop), settings, world.ui) is None
    assert any("goes without for now" in text for text in world.ui.said) is began_with


@pytest.mark.parametrize("place", ["", "/nowhere", "listener"])
def test_without_an_agent_a_flag_is_refused_and_a_setting_told(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    shop = world.project("shop")
    with socket.socket(socket.AF_UNIX) as engine:  # an engine's socket says something else, or nothing
        if place == "listener":
            place = str(tmp_path / "docker.sock")
            engine.bind(place)
            engine.listen()
            monkeypatch.setattr(ssh_agent, "_PROBE", 0.2)
        monkeypatch.setenv("SSH_AUTH_SOCK", place)
        with pytest.raises(ConfigError, match="no SSH agent"):
            run(RunRequest(shop, ("true",), ssh=True), world.ui)
        assert world.reports() == ()
        monkeypatch.setenv("CONTENANT_SSH", "true")
        assert run(RunRequest(shop, ("true",)), world.ui) == 0
    assert any("this session goes without" in text for text in world.ui.said)
    with Ledger() as ledger:
        assert ssh_agent.lent_in(ledger, str(shop)) == set()
