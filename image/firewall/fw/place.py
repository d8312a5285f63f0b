"""Where things are, and writing them so that a crash leaves the old or the new file, never half of one."""

from __future__ import annotations

import fcntl
import json
import os
from typing import Any, NoReturn

FWPROXY = 64971
FWDNS = 64972
TABLE = "contenant"

HERE = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
POLICY = "/etc/contenant/policy/policy.json"
DEFAULT_POLICY = HERE + "/default.json"
RUN = "/run/contenant/firewall"
KEEP = "/var/lib/contenant-firewall"  # survives a restart of the container
LOGS = "/var/log/contenant-firewall"
SESSIONS = "/var/lib/contenant/sessions"  # the host's; neither the agent nor a daemon can reach it
HANDED_OVER = SESSIONS + "/egress.jsonl"
DNS_RUN, PROXY_RUN = RUN + "/dns", RUN + "/proxy"
DNS_LOGS, PROXY_LOGS = LOGS + "/dns", LOGS + "/proxy"
STATE = RUN + "/state.json"
READY = RUN + "/ready"
SNAPSHOT = RUN + "/table"
LOG_LIMIT = 8 * 1024 * 1024  # no daemon can write a file beyond this, whatever it is asked


class FirewallError(Exception):
    """Something of the firewall failed. One line, for people."""


def fail(message: str, code: int = 1) -> NoReturn:
    """End with one line on stderr."""
    text = " ".join(f"contenant: firewall: {message}".split())
    os.write(2, text.encode("utf-8", "replace") + b"\n")
    raise SystemExit(code)


def read(path: str, limit: int = 4 * 1024 * 1024) -> str:
    """A file's text, "" when it, or the process it tells of, is not there."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(limit)
    except (FileNotFoundError, ProcessLookupError):
        return ""


def write(path: str, text: str, mode: int = 0o600) -> None:
    """Replace a file in one step. Its directory is root's own, so the temporary name is safe."""
    temporary = path + ".new"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, mode)
    with open(descriptor, "w", encoding="utf-8") as file:
        os.fchmod(descriptor, mode)
        file.write(text)
    os.replace(temporary, path)


def remove(path: str) -> None:
    """Remove a file that may not be there."""
    if os.path.lexists(path):
        os.unlink(path)


def make_directories() -> None:
    """The firewall's directories: root's, closed to the agent; a daemon's own are its own and root's group.

    Root here has no CAP_DAC_OVERRIDE: it reads what the daemons write as a member of group 0, which the
    set-group-id bit hands on to every file they make.
    """
    os.umask(0o022)
    for path in ("/run/contenant", "/var/lib", "/var/log"):
        os.makedirs(path, 0o755, exist_ok=True)
    os.umask(0o027)
    for path in (RUN, KEEP, LOGS):
        _own(path, 0o711, 0)
    for path, uid in ((DNS_RUN, FWDNS), (DNS_LOGS, FWDNS), (PROXY_RUN, FWPROXY), (PROXY_LOGS, FWPROXY)):
        _own(path, 0o2770, uid)


def _own(path: str, mode: int, uid: int) -> None:
    try:
        os.mkdir(path, 0o700)
    except FileExistsError:
        status = os.lstat(path)
        if status.st_uid == uid and status.st_gid == 0 and status.st_mode == 0o040000 | mode:
            return
        if status.st_uid != 0 or status.st_mode & 0o170000 != 0o040000:
            raise FirewallError(f"{path} is not as this firewall made it") from None
    os.chmod(path, mode)
    if uid:
        os.chown(path, uid, -1)


def lock() -> int:
    """Hold the firewall's lock until the descriptor is closed; one change at a time."""
    descriptor = os.open(RUN + "/lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    return descriptor


def load_state() -> dict[str, Any]:
    """What the last change left: mark, DNS port, addresses of explicit entries; {} before the first."""
    text = read(STATE)
    return dict(json.loads(text)) if text else {}


def save_state(state: dict[str, Any]) -> None:
    """Remember what is in force."""
    write(STATE, json.dumps(state, sort_keys=True))
