"""Which process of this machine holds a port, as far as this user may see."""

import os
import re
from pathlib import Path

_LISTENING = {"tcp": "0A", "udp": "07"}  # states of sockets (include/net/tcp_states.h)


def listener_of(port: int, protocol: str) -> str:
    """`name (pid 123)` of whoever waits at a port, "" where that cannot be seen. Linux only."""
    inodes = {
        words[9]
        for table in (protocol, f"{protocol}6")
        for words in _rows(f"/proc/net/{table}")
        if words[3] == _LISTENING[protocol] and int(words[1].rpartition(":")[2], 16) == port
    }
    if not inodes:
        return ""
    wanted = {f"socket:[{inode}]" for inode in inodes}
    for pid in filter(str.isdigit, _listed("/proc")):
        for handle in _listed(f"/proc/{pid}/fd"):
            if _link(f"/proc/{pid}/fd/{handle}") in wanted:
                return f"{_name(pid)} (pid {pid})"
    return ""


def _rows(path: str) -> list[list[str]]:
    try:
        lines = Path(path).read_text(encoding="ascii").splitlines()[1:]
    except OSError:
        return []
    return [words for line in lines if len(words := line.split()) > 9]


def _listed(path: str) -> list[str]:
    try:
        return [entry.name for entry in os.scandir(path)]
    except OSError:
        return []


def _link(path: str) -> str:
    try:
        return os.readlink(path)  # noqa: PTH115 - thousands of them
    except OSError:
        return ""


def _name(pid: str) -> str:
    """The process's own choice: without what a terminal would act on."""
    try:
        text = Path(f"/proc/{pid}/comm").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "?"
    return re.sub(r"[^\w.:/@+-]", "?", text.strip())
