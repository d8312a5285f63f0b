"""Text for people: control characters made visible, widths as a terminal shows them, paths cut short.

A path or an argument may hold anything, escape sequences included; nothing reaches a terminal unless it went
through `visible`.
"""

from __future__ import annotations


def visible(text: str) -> str:
    r"""The text with everything unprintable escaped: controls, newlines, bidi marks, undecodable bytes.

    `\n`, `\x1b`, `\u202e`; a byte that was not UTF-8 in a file name becomes `\xff`.
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escaped(char) for char in text)


def _escaped(char: str) -> str:
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:  # PEP 383: a byte of a file name
        return f"\\x{code - 0xDC00:02x}"
    return char.encode("unicode_escape").decode("ascii")


def width(text: str) -> int:
    """Columns on a terminal: wide East Asian characters take two, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(_columns(char) for char in text)


def _columns(char: str) -> int:
    import unicodedata  # most texts are ASCII

    if unicodedata.combining(char) or unicodedata.category(char) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def shorten(text: str, room: int, mark: str = "…") -> str:
    """The text cut in the middle to at most `room` columns: both ends say more than one."""
    if width(text) <= room:
        return text
    if room <= width(mark):
        return mark[:room]
    left = room - width(mark)
    tail = _take(text[::-1], (left + 1) // 2)[::-1]
    head = _take(text, left - width(tail))
    return head + mark + tail


def _take(text: str, room: int) -> str:
    used = 0
    for index, char in enumerate(text):
        used += _columns(char)
        if used > room:
            return text[:index]
    return text


def below_home(path: str, home: str) -> str:
    """A path with the home directory written as `~`."""
    base = home.rstrip("/")
    if base and (path == base or path.startswith(base + "/")):
        return "~" + path[len(base) :]
    return path


def elapsed(seconds: float) -> str:
    """Seconds for people: `0s`, `8s`, `3m07s`."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}m{rest:02d}s" if minutes else f"{rest}s"
