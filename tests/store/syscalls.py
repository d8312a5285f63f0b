"""A child traced from one system call to the next: killed at any of them, or told that one failed.

Linux's ptrace by ctypes: it needs no compiler and no other program. Telling a lie about a call needs the
registers, whose layout is the processor's: that half is for x86-64.
"""

from __future__ import annotations

import ctypes
import os
import platform
import signal
import sys
from collections.abc import Callable
from typing import NamedTuple

TRACEME, PEEKUSER, POKEUSER, SYSCALL, SETOPTIONS = 0, 3, 6, 24, 0x4200
GOOD, EXITKILL = 0x1, 0x100000
STOPPED = signal.SIGTRAP | 0x80  # a stop at a system call, as GOOD marks it
POSSIBLE = sys.platform == "linux"
CAN_LIE = POSSIBLE and platform.machine() == "x86_64"
# Offsets into x86-64's `struct user_regs_struct`, in bytes; the numbers of the calls that write there.
_RAX, _ORIG_RAX = 80, 120
WRITES = {
    1: "write",
    18: "pwrite64",
    74: "fsync",
    75: "fdatasync",
    77: "ftruncate",
    82: "rename",
    87: "unlink",
}


class Ended(NamedTuple):
    """How a traced child ended."""

    status: int  # as os.waitpid has it
    calls: int  # how many system calls it began


def _ptrace(request: int, pid: int, address: int = 0, data: int = 0) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.restype = ctypes.c_long
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    ctypes.set_errno(0)
    answer = int(libc.ptrace(request, pid, address, data))
    if answer == -1 and (code := ctypes.get_errno()):
        raise OSError(code, os.strerror(code), f"ptrace {request}")
    return answer


def start(action: Callable[[], object]) -> int:
    """A child that stops before it does `action` and then waits at each system call; its pid.

    It exits with 0, or with 1 where `action` raised.
    """
    child = os.fork()
    if child == 0:
        code = 1
        try:
            _ptrace(TRACEME, 0)
            os.kill(os.getpid(), signal.SIGSTOP)
            action()
            code = 0
        finally:
            os._exit(code)
    os.waitpid(child, 0)
    _ptrace(SETOPTIONS, child, 0, GOOD | EXITKILL)
    return child


def killed_at(action: Callable[[], object], call: int) -> Ended:
    """Run `action` in a child that is killed as it begins its `call`-th system call; 0: never."""
    child, calls = start(action), 0
    while True:
        status = _step(child)
        if not os.WIFSTOPPED(status):
            return Ended(status, calls)
        calls += 1
        if calls == call:
            os.kill(child, signal.SIGKILL)
            return Ended(os.waitpid(child, 0)[1], calls)
        status = _step(child)  # to its end
        if not os.WIFSTOPPED(status):
            return Ended(status, calls)


def failing_at(action: Callable[[], object], write: int, error: int) -> tuple[Ended, str]:
    """Run `action` in a child whose `write`-th call that writes does nothing and fails with `error`.

    Also the name of that call, "" where there were not so many.
    """
    child, writes, name = start(action), 0, ""
    while True:
        status = _step(child)
        if not os.WIFSTOPPED(status):
            return Ended(status, writes), name
        number = _ptrace(PEEKUSER, child, _ORIG_RAX)
        writes += number in WRITES
        lie = number in WRITES and writes == write
        if lie:
            name = WRITES[number]
            _ptrace(POKEUSER, child, _ORIG_RAX, -1)
        status = _step(child)
        if not os.WIFSTOPPED(status):
            return Ended(status, writes), name
        if lie:
            _ptrace(POKEUSER, child, _RAX, -error)


def _step(child: int) -> int:
    """Let it run to the next edge of a system call; other signals reach it."""
    given = 0
    while True:
        _ptrace(SYSCALL, child, 0, given)
        _, status = os.waitpid(child, 0)
        if not os.WIFSTOPPED(status) or os.WSTOPSIG(status) == STOPPED:
            return status
        given = os.WSTOPSIG(status)
