"""One finding of doctor, and how it is made fit to be pasted into an issue."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

Status = Literal["ok", "warn", "fail"]
Mend = Literal["", "start-service", "modes", "unmount", "remember-runtime", "migrate"]

_ACCOUNT = re.compile(r"(\w://)[^\s/@]+@")
_TOKEN = re.compile(r"sk-ant-[A-Za-z0-9_-]+")


class Line(NamedTuple):
    """What was looked at, how it is, and what mends it on this system."""

    id: str  # stable: "engine.podman"
    status: Status
    what: str
    detail: str
    fix: str = ""  # a command, or a step where there is no command
    mend: Mend = ""  # what `doctor --fix` can do about it by itself


def presentable(line: Line, home: str) -> Line:
    """The line without the name of the home directory, an account in an address, or a token."""
    return line._replace(detail=clean(line.detail, home), fix=clean(line.fix, home))


def clean(text: str, home: str) -> str:
    """A text with the home directory as `~`, also where a shell's quotes stand around the path."""
    text = _TOKEN.sub("sk-ant-…", _ACCOUNT.sub(r"\1…@", text))
    if len(home) < 2:
        return text
    base = re.escape(home.rstrip("/"))
    text = re.sub(rf"'{base}/", "~/'", text)
    return re.sub(rf"(?<![\w.~-]){base}(?![\w.-])", "~", text)
