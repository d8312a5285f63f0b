"""The host's SSH agent in a session, on real engines: a real ssh-agent, and ssh-add of the image."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from contenant.core.names import container_name
from tests.app.test_ssh_agent import Agent
from tests.real.conftest import LINUX, Contenant, wait_for
from tests.real.test_agent import PROMPT, Tmux

pytestmark = pytest.mark.real
ENGINES = (*LINUX, "container-1.2.2")


@pytest.fixture
def agent(contenant: Contenant, tmp_path: Path) -> Iterator[Agent]:
    before, made = dict(contenant.env), Agent(tmp_path)
    contenant.env = {**before, "SSH_AUTH_SOCK": made.socket, "CONTENANT_KEEP_RUNNING": "true"}
    yield made
    contenant.env = before
    made.end()


def sockets(contenant: Contenant, project: Path) -> str:
    find = "find /run/contenant/agent -name '*.ssh'; ls /var/lib/contenant/sessions | grep ssh || true"
    return contenant.raw("exec", container_name(str(project)), "sh", "-c", find)


def test_only_a_session_that_asks_has_the_agent(contenant: Contenant, agent: Agent, project: Path) -> None:
    beside = "for n in 1 2 3 4 5 6; do ssh-add -l & done; wait"
    script = f'ssh-add -l; stat -c "%U %a" "$SSH_AUTH_SOCK"; ssh-add -D; {beside}'
    done = contenant("--ssh", "--", "sh", "-c", script, cwd=project)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(agent.key) == 7
    assert "claude 600" in done.stdout
    assert sockets(contenant, project) == ""
    without = contenant("--", "sh", "-c", 'echo "[$SSH_AUTH_SOCK]"; ssh-add -l', cwd=project)
    assert without.stdout.startswith("[]\n")
    assert without.returncode == 2
    assert agent.key not in without.stdout
    rows = [row for row in contenant.history(project) if row["kind"] == "session.ssh"]
    assert [row["data"]["data"]["keys"] for row in rows] == [[agent.key]]


def test_an_agent_that_went_is_told(contenant: Contenant, agent: Agent, project: Path) -> None:
    """Inside at once, by ssh-add; outside when the session is over; and the next session is refused."""
    words = ("--ssh", "--", "sh", "-c", "ssh-add -l; read -r line; ssh-add -l")
    session = contenant.start(*words, cwd=project)
    assert session.stdout is not None
    assert agent.key in session.stdout.readline().decode()
    agent.end()
    out, err = session.communicate(b"\n", timeout=60)
    assert session.returncode != 0
    assert agent.key not in out.decode()
    assert f"warning: the SSH agent at {agent.socket} failed the session" in err.decode()
    refused = contenant("--ssh", "--", "true", cwd=project)
    assert refused.returncode == 2
    assert f"no SSH agent answers at {agent.socket}" in refused.stderr


def test_it_is_gone_while_nobody_looks(contenant: Contenant, agent: Agent, project: Path) -> None:
    """A terminal that is lost takes the socket along; whoever comes back brings it back."""
    screen = Tmux(contenant, project, "--ssh")
    try:
        wait_for(lambda: PROMPT in screen.text(), 60, "the prompt")
        assert sockets(contenant, project).count("/run/") == 1
        screen.close()
        wait_for(lambda: sockets(contenant, project) == "", 20, "gone with the terminal")
        assert [row["sessions_live"] for row in contenant.rows(project)] == [1]
        screen = Tmux(contenant, project)
        wait_for(lambda: PROMPT in screen.text(), 60, "the prompt again")
        wait_for(lambda: sockets(contenant, project).count("/run/") == 1, 20, "there again")
        screen.type("C-u", "/exit", "Enter")
        wait_for(lambda: sockets(contenant, project) == "", 30, "gone with the session")
    finally:
        screen.close()
    assert agent.key


def test_each_session_has_a_socket_of_its_own_that_ends_with_it(
    contenant: Contenant, agent: Agent, project: Path
) -> None:
    words = ("--ssh", "--", "sh", "-c", "ssh-add -l && read -r line")
    first, second = (contenant.start(*words, cwd=project) for _ in range(2))
    for session in (first, second):
        assert session.stdout is not None
        assert agent.key in session.stdout.readline().decode()
    places = [line for line in sockets(contenant, project).splitlines() if line.startswith("/run")]
    assert len(places) == 2
    shown = json.loads(contenant.ok("show", "--json", cwd=project))
    assert [session["ssh"] for session in shown["sessions"]] == [True, True]
    first.kill()  # without a word: the socket goes all the same
    wait_for(lambda: sockets(contenant, project).count("/run/") == 1, 20, "a killed contenant's socket goes")
    assert second.stdin is not None
    second.stdin.write(b"\n")
    second.stdin.close()
    assert second.wait(30) == 0
    wait_for(lambda: "/run/" not in sockets(contenant, project), 20, "the socket ends with its session")
