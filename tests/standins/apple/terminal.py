"""The host's terminal in `-i -t`: raw but for OPOST, window sizes passed on, signals dropped.

containerization's Terminal.setraw puts OPOST back after cfmakeraw, so ONLCR goes on turning every bare
newline into a carriage return and a newline: full-screen programs are drawn wrongly (apple/container
issue 2299). Kept on purpose.
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
from collections.abc import Sequence
from typing import Any

from .podman import die_with_parent

IFLAG, OFLAG, CFLAG, LFLAG, CC = 0, 1, 2, 3, 6
DROPPED = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGUSR2)


def raw(saved: list[Any]) -> list[Any]:
    """cfmakeraw of the attributes."""
    mode = [*saved[:CC], list(saved[CC])]
    mode[IFLAG] &= ~(
        termios.IGNBRK
        | termios.BRKINT
        | termios.PARMRK
        | termios.ISTRIP
        | termios.INLCR
        | termios.IGNCR
        | termios.ICRNL
        | termios.IXON
    )
    mode[OFLAG] &= ~termios.OPOST
    mode[LFLAG] &= ~(termios.ECHO | termios.ECHONL | termios.ICANON | termios.ISIG | termios.IEXTEN)
    mode[CFLAG] = (mode[CFLAG] & ~(termios.CSIZE | termios.PARENB)) | termios.CS8
    mode[CC][termios.VMIN], mode[CC][termios.VTIME] = 1, 0
    return mode


def apple_raw(saved: list[Any]) -> list[Any]:
    """Apple's raw mode: output processing stays on."""
    mode = raw(saved)
    mode[OFLAG] |= termios.OPOST
    return mode


def copy_size(source: int, target: int) -> None:
    """The window size of one terminal for another; the kernel tells the processes of the other."""
    fcntl.ioctl(
        target, termios.TIOCSWINSZ, fcntl.ioctl(source, termios.TIOCGWINSZ, struct.pack("HHHH", 0, 0, 0, 0))
    )


def own_terminal() -> None:
    """In the child: a session of its own with its standard input as the terminal."""
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    die_with_parent()


def pump(master: int, child: subprocess.Popen[bytes], woken: int) -> None:
    """Move bytes between the host's terminal and podman's until podman is gone and drained."""
    sources = [0, master, woken]
    while True:
        ready = select.select(sources, [], [], 0.1)[0]
        if woken in ready:
            os.read(woken, 512)
        if 0 in ready:
            data = os.read(0, 65536)
            if data:
                os.write(master, data)
            else:
                sources.remove(0)
        if master in ready:
            try:
                data = os.read(master, 65536)
            except OSError:
                return
            while data:
                data = data[os.write(1, data) :]
        elif child.poll() is not None:
            return


def attach(words: Sequence[str], environment: dict[str, str], saved: list[Any]) -> int:
    """Run podman on a terminal of its own, joined to the host's; the host's is put back at the end."""
    master, slave = pty.openpty()
    termios.tcsetattr(slave, termios.TCSANOW, raw(termios.tcgetattr(slave)))
    copy_size(0, master)
    receiving, waking = os.pipe()
    os.set_blocking(waking, False)
    signal.set_wakeup_fd(waking, warn_on_full_buffer=False)
    for number in DROPPED:
        signal.signal(number, lambda *_: None)
    signal.signal(signal.SIGWINCH, lambda *_: copy_size(0, master))
    termios.tcsetattr(0, termios.TCSANOW, apple_raw(saved))
    try:
        child = subprocess.Popen(
            words, stdin=slave, stdout=slave, stderr=slave, env=environment, preexec_fn=own_terminal
        )
        os.close(slave)
        pump(master, child, receiving)
        return child.wait()
    finally:
        termios.tcsetattr(0, termios.TCSANOW, saved)
