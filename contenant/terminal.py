"""The terminal: remembered before a session has it, put back afterwards. No processes here."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import termios
from collections.abc import Iterator
from typing import Any

_OFLAG, _LFLAG = 1, 3  # places in what tcgetattr returns

# What a killed client cannot switch off any more: mouse and focus reports, bracketed paste, the kitty
# keyboard protocol, the alternate screen, a hidden cursor, the keypad mode, colours.
_RESET = b"".join(b"\x1b[?%dl" % mode for mode in (1000, 1002, 1003, 1006, 1004, 2004, 1049)) + (
    b"\x1b[<u\x1b[?25h\x1b>\x1b[0m\r\n"
)


class Terminal:
    """The terminal behind a file descriptor, with the attributes and flags it had when this was made."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._attributes: list[Any] = termios.tcgetattr(fd)
        self._flags = fcntl.fcntl(fd, fcntl.F_GETFL)

    def stop_output_processing(self) -> bool:
        """Clear OPOST once the client has set raw mode; False while it has not.

        `container exec -it` leaves OPOST and ONLCR on, and full-screen programs then draw stairs
        (apple/container #2299).
        """
        with contextlib.suppress(termios.error):
            now = termios.tcgetattr(self._fd)
            if now[_LFLAG] & termios.ICANON:
                return False
            now[_OFLAG] &= ~termios.OPOST
            _set(self._fd, now)
        return True

    def restore(self) -> None:
        """Put attributes and flags back; nothing happens when the terminal is gone."""
        with contextlib.suppress(OSError, termios.error):
            if termios.tcgetattr(self._fd) != self._attributes:
                _set(self._fd, self._attributes)
            # shared with every process on this terminal: a shell that finds it non-blocking ends
            fcntl.fcntl(self._fd, fcntl.F_SETFL, self._flags)

    def is_gone(self) -> bool:
        """Whether its window was closed, or its line hung up."""
        try:
            termios.tcgetattr(self._fd)
        except termios.error:
            return True
        return False

    def reset_modes(self) -> None:
        """Switch off what a client that was killed had switched on in the terminal itself."""
        with contextlib.suppress(OSError):
            os.write(self._fd, _RESET)


@contextlib.contextmanager
def kept(fds: tuple[int, ...] = (0, 1, 2)) -> Iterator[Terminal | None]:
    """The terminal behind the first of `fds` that has one, restored on the way out, whatever happens."""
    fd = next((fd for fd in fds if os.isatty(fd)), None)
    if fd is None:
        yield None
        return
    terminal = Terminal(fd)
    try:
        yield terminal
    finally:
        terminal.restore()


def _set(fd: int, attributes: list[Any]) -> None:
    """tcsetattr without being stopped for it when this process is in the background by now."""
    before = signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    try:
        # now, not when the output has drained: on a terminal that is held (Ctrl-S) that may be never
        termios.tcsetattr(fd, termios.TCSANOW, attributes)
    finally:
        signal.signal(signal.SIGTTOU, before)
