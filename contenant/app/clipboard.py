"""What is in this machine's clipboard, by whichever program there is to ask."""

import os
import select
import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from contenant.errors import ContenantError, NotFoundError
from contenant.process import ProcessTimeoutError, built_env, find_program, start

MOST = 64 * 1024**2  # bytes
_SECONDS = 10.0
_DISPLAY = ("DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY")
_SUFFIXES = {"image/png": "png", "image/jpeg": "jpg", "image/gif": "gif", "image/webp": "webp"}
_TEXTS = ("text/plain;charset=utf-8", "UTF8_STRING", "text/plain", "STRING", "TEXT")
_INSTALL = "install wl-clipboard (Wayland) or xclip (X11); macOS has what it takes"


class Clip(NamedTuple):
    """An image or a text, and the ending that its file's name should have."""

    data: bytes
    suffix: str


class _Tool(NamedTuple):
    """A program of the desktop: how it names what there is, and how it gives it."""

    kinds: tuple[str, ...]
    data: tuple[str, ...]  # {} stands for the kind


_WAYLAND = _Tool(("wl-paste", "--list-types"), ("wl-paste", "--no-newline", "--type", "{}"))
_X11 = _Tool(
    ("xclip", "-selection", "clipboard", "-o", "-t", "TARGETS"),
    ("xclip", "-selection", "clipboard", "-o", "-t", "{}"),
)


def read(env: Mapping[str, str]) -> Clip:
    """The image in the clipboard, or its text. Raises NotFoundError for neither, ContenantError without a
    program that could tell.
    """
    found = _macos() if find_program("osascript") and find_program("pbpaste") else _desktop(_tool(env))
    if found is None:
        raise NotFoundError("the clipboard holds neither an image nor a text", hint="copy something first")
    return found


def _tool(env: Mapping[str, str]) -> _Tool:
    if env.get("WAYLAND_DISPLAY") and find_program("wl-paste"):
        return _WAYLAND
    if env.get("DISPLAY") and find_program("xclip"):
        return _X11
    if not (env.get("WAYLAND_DISPLAY") or env.get("DISPLAY")):
        raise ContenantError(
            "there is no desktop here whose clipboard could be read", hint="`contenant put FILE`"
        )
    raise ContenantError("no program here reads the clipboard", hint=_INSTALL)


def _desktop(tool: _Tool) -> Clip | None:
    kinds = _ask(tool.kinds).decode("utf-8", "replace").split("\n")
    kinds = [kind.strip() for kind in kinds]
    for kind in (*_SUFFIXES, *_TEXTS):
        if kind in kinds:
            data = _ask([word.replace("{}", kind) for word in tool.data])
            return Clip(data, _SUFFIXES.get(kind, "txt")) if data else None
    return None


def _macos() -> Clip | None:
    told = _ask(("osascript", "-e", "get the clipboard as «class PNGf»")).decode("utf-8", "replace")
    _, mark, rest = told.partition("PNGf")
    if mark:
        return Clip(bytes.fromhex(rest.partition("»")[0].strip()), "png")
    text = _ask(("pbpaste",))
    return Clip(text, "txt") if text else None


def _ask(argv: Sequence[str]) -> bytes:
    """A program's output; b"" where it fails. Raises ContenantError for too much or too long."""
    env = built_env() | {name: os.environ[name] for name in _DISPLAY if name in os.environ}
    client = start(argv, env=env, stdin=b"")
    try:
        return _drain(client.ends()[1], argv)
    finally:
        client.hang_up(1.0)


def _drain(pipe: int, argv: Sequence[str]) -> bytes:
    parts: list[bytes] = []
    size, deadline = 0, time.monotonic() + _SECONDS
    while True:
        if not select.select([pipe], [], [], max(0.0, deadline - time.monotonic()))[0]:
            raise ContenantError(str(ProcessTimeoutError(argv, _SECONDS)), hint="is the desktop locked?")
        part = os.read(pipe, 1 << 16)
        size += len(part)
        if size > 2 * MOST:  # macOS writes each byte as two digits
            raise ContenantError(
                f"the clipboard holds more than {MOST // 1024**2} MiB", hint="`contenant put FILE`"
            )
        if not part:
            return b"".join(parts)
        parts.append(part)
