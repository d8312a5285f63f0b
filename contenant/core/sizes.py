"""Numbers of bytes for people."""

from __future__ import annotations

_UNITS = "kMGTPE"


def size(count: int, *, binary: bool = False) -> str:
    """`812 MB`, `3.5 GB`; memory, which is given in powers of 1024, with `binary`: `812 MiB`.

    One digit behind the point below ten, as a number of bytes itself below a thousand: `999 B`.
    """
    step, suffix = (1024, "iB") if binary else (1000, "B")
    if count < 1000:
        return f"{count} B"
    value, unit = count / step, 0
    while round(value) >= 1000 and unit < len(_UNITS) - 1:
        value, unit = value / step, unit + 1
    prefix = _UNITS[unit].upper() if binary else _UNITS[unit]
    return f"{value:.1f} {prefix}{suffix}" if value < 9.95 else f"{value:.0f} {prefix}{suffix}"
