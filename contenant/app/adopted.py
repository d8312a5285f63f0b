"""Sessions that live in a container whose record was rebuilt: found in it, and on the host who shows them.

What is not known stays empty: the command of a session nobody is at, the terminal's kind, the credential.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import NamedTuple

from contenant import host
from contenant.app.session import ANSWER, WRAPPER
from contenant.core import changes
from contenant.core.ages import to_text
from contenant.core.changes import Change
from contenant.core.records import ContainerRecord, SessionRecord
from contenant.core.values import ExecSpec
from contenant.engines.base import Engine
from contenant.process import capture
from contenant.store.ids import moment_of

# `-p` and a fixed PATH: the environment of an exec is none of the agent's, and stays so.
SCRIPT = f"""
PATH=/usr/sbin:/usr/bin:/sbin:/bin
for id in $({WRAPPER} list); do
    read -r mark <"/var/lib/contenant/sessions/$id.pid" && echo "$id $mark"
done
"""
_SESSION = re.compile(
    r"([0-9a-hjkmnp-tv-z]{26}) \d+ \S+ (\w+) began"
)  # not an SSH agent's, nor one on its way
_CLIENT = re.compile(rf"\s*(\d+)\s+(\d+)\s.*{re.escape(WRAPPER)} \w+ ([0-9a-hjkmnp-tv-z]{{26}}) -- (.*)")


class Client(NamedTuple):
    """A process of the host that has brought a session into its container."""

    pid: int
    parent: int  # a contenant, or another such process
    argv: tuple[str, ...]  # of the session


def sessions(engine: Engine, container: ContainerRecord) -> list[Change]:
    """The sessions that live in a running container, to be recorded. One that needs its contenant, and whose
    contenant is gone, is none: it counts as lost. Nothing where the container gives no answer.
    """
    argv = engine.exec_argv(container.name, ExecSpec(argv=("/bin/sh", "-p", "-c", SCRIPT)))
    try:
        told = capture(argv, timeout=ANSWER)
    except OSError:  # a timeout too
        return []
    living = {
        match[1]: match[2]
        for line in told.stdout.splitlines()
        if (match := _SESSION.fullmatch(line.rstrip()))
    }
    clients = _clients() if living else {}
    found = (_record(container, key, verb, clients.get(key)) for key, verb in living.items())
    return [changes.session_adopted(record, container.project_id) for record in found if record]


def _record(
    container: ContainerRecord, session_id: str, verb: str, client: Client | None
) -> SessionRecord | None:
    if client is None and verb == "run":
        return None
    boot = host.boot_id()
    argv = client.argv if client else ()
    return SessionRecord(
        id=session_id,
        container_id=container.id,
        image=container.image,
        policy=container.policy,
        argv=argv,
        tty=verb == "attach",
        detachable=verb != "run",
        pid=client.parent if client else 0,
        pid_start=host.start_time(client.parent) if client else "",
        boot_id=boot,
        started=to_text(moment_of(session_id)),
        kind="agent" if verb == "attach" and argv[:1] in ((), ("claude",)) else "command",
    )


def _clients() -> dict[str, Client]:
    """Session id -> the process next to the contenant that shows it; engines start others below it."""
    try:
        listed = capture(["ps", "-A", "-ww", "-o", "pid=,ppid=,args="], timeout=ANSWER)
    except OSError:
        return {}
    found: dict[str, list[Client]] = {}
    for match in map(_CLIENT.match, listed.stdout.splitlines()):
        if match:
            pid = int(match[1])
            found.setdefault(match[3], []).append(Client(pid, int(match[2]), _argv(pid, match[3], match[4])))
    return {key: _outermost(several) for key, several in found.items()}


def _outermost(several: list[Client]) -> Client:
    pids = {client.pid for client in several}
    return next(client for client in several if client.parent not in pids)


def _argv(pid: int, session_id: str, shown: str) -> tuple[str, ...]:
    """The session's command: its words where the system tells them apart, else as `ps` shows them."""
    if sys.platform == "linux":
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[:-1]
            decoded = [word.decode("utf-8", "surrogateescape") for word in words]
            return tuple(decoded[decoded.index(session_id) + 2 :])
        except (OSError, ValueError):
            pass
    return tuple(shown.split())
