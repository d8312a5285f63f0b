"""Whether a session arrived in its container.

A container may end by itself at the very moment at which a session is sent to it, and an engine's exec then
fails in a way of its own: nothing in its exit code tells that from the command's. So the host announces each
session in a file that the session wrapper (`image/session`) writes over: first when it is there, then with
`began` as the last thing before the command. The container's supervisor does not end the container while an
announced session is on its way.
"""

import os
import time
from pathlib import Path

from contenant import files
from contenant.errors import ContenantError, EngineError, FirewallError

_MAX_BYTES = 64 * 1024  # the firewall may have much to say
_LINES, _WIDTH = 4, 200  # of a start that failed: lines that are told, and characters of each
_NO_FIREWALL = "97"  # image/entrypoint


def announce(directory: Path, session_id: str) -> None:
    """Say in a container's directory that a session is on its way.

    Where that cannot be written, a session that does not arrive is told in the engine's words.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        descriptor = os.open(_place(directory, session_id), flags, 0o666)
    except OSError:
        return
    try:
        os.fchmod(descriptor, 0o666)  # the container's root may be any uid here
        os.write(descriptor, f"0 {int(time.time())} coming\n".encode())
    finally:
        os.close(descriptor)


def is_missed(directory: Path, session_id: str) -> bool:
    """Whether an announced session's command was never run. What is over and tidied up has no file."""
    text = _read(_place(directory, session_id))
    return text is not None and text.split()[3:4] != [b"began"]


class Overdue:
    """Whether an announced session should have arrived by now: an exec can hang for ever (apple/container
    #1884). To be called again and again; true at most once there is nothing left to wait for.
    """

    def __init__(self, directory: Path, session_id: str, seconds: float) -> None:
        self._directory, self._session_id = directory, session_id
        self._deadline = time.monotonic() + seconds
        self.found = False

    def __call__(self) -> bool:
        if time.monotonic() < self._deadline:
            return False
        self.found = is_missed(self._directory, self._session_id)
        self._deadline = float("inf")  # what has arrived is looked at no more
        return self.found


def forget(directory: Path, session_id: str) -> None:
    """Take the announcement back."""
    _place(directory, session_id).unlink(missing_ok=True)


def start_failure(name: str, directory: Path) -> ContenantError | None:
    """Why the container `name` ended while it started, in its entrypoint's words: its first lines and the
    last; None where it did not.
    """
    text = (_read(directory / "sessions" / "start.failed") or b"").decode(errors="replace")
    lines = [line.removeprefix("contenant: ") for line in text.splitlines() if line.strip()]
    if not lines:
        return None
    code, _, reason = lines[-1].partition(" ")
    told, rest = lines[:-1][: _LINES - 1], len(lines) - _LINES
    told += [f"… {rest} more lines in {directory / 'sessions' / 'start.failed'}"] if rest > 0 else []
    message = f"{name} did not start: {'; '.join(map(_short, [*told, reason]))}"
    if code == _NO_FIREWALL:
        return FirewallError(message, hint="see `contenant doctor`; nothing was run and nothing went out")
    return EngineError(message, hint="see `contenant doctor`")


def _short(line: str) -> str:
    return line if len(line) <= _WIDTH else f"{line[: _WIDTH - 1]}…"


def _read(place: Path) -> bytes | None:
    """None also for what is no plain file of a sensible size: the container wrote it."""
    try:
        return files.read(place, _MAX_BYTES)
    except OSError:
        return None


def _place(directory: Path, session_id: str) -> Path:
    return directory / "sessions" / f"{session_id}.pid"
