"""Facts of this machine: the installation's id, the clock, which process is which.

A process is known by pid, start time and boot: pids are reused and machines restart.
"""

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from contenant.core.ages import to_text
from contenant.core.digest import sha256_hex
from contenant.paths import state_dir


class ProcessMark(NamedTuple):
    """What tells one process from any other, before and after a reboot."""

    pid: int
    start: str
    boot: str


def now() -> datetime:
    """The current moment, in UTC."""
    return datetime.now(UTC)


def now_text() -> str:
    """The current moment as the records have it (core.ages.to_text)."""
    return to_text(now())


def installation_id() -> str:
    """16 hex digits that name this state directory of this user on this machine.

    Derived, not stored: after the loss of the state directory the labels on containers still match. Two state
    directories on one machine never take each other's containers for their own.
    """
    seed = f"contenant\n{_machine_id()}\n{os.getuid()}\n{state_dir()}"
    return sha256_hex(seed.encode("utf-8", "surrogateescape"))[:16]


def _machine_id() -> str:
    for place in ("/etc/machine-id", "/var/lib/dbus/machine-id"):
        try:
            if text := Path(place).read_text(encoding="ascii").strip():
                return text
        except (OSError, UnicodeDecodeError):
            continue
    return _sysctl("kern.uuid") if sys.platform == "darwin" else os.uname().nodename


def boot_id() -> str:
    """Names this boot of the machine."""
    if sys.platform == "darwin":
        return _sysctl("kern.bootsessionuuid")
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def own_mark() -> ProcessMark:
    """The mark of this very process."""
    return ProcessMark(os.getpid(), start_time(os.getpid()), boot_id())


def start_time(pid: int) -> str:
    """When a process started, as the system counts it; "" when there is no such process."""
    if sys.platform == "darwin":
        return _output(["ps", "-o", "lstart=", "-p", str(pid)])
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    fields = stat.rpartition(")")[2].split()  # the command's name may hold blanks and brackets
    return "" if fields[0] in "ZX" else fields[19]


def is_alive(mark: ProcessMark, boot: str) -> bool:
    """Whether the marked process still runs; `boot` is `boot_id()` of now."""
    return mark.boot == boot and bool(mark.start) and start_time(mark.pid) == mark.start


def _sysctl(name: str) -> str:
    return _output(["sysctl", "-n", name])


def _output(argv: list[str]) -> str:
    from contenant.process import capture  # only macOS must ask programs

    return capture(argv, timeout=5).stdout.strip()
