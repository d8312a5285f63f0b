"""A bar chart of usage in a PNG or SVG file. The only importer of matplotlib, which is an extra."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from contenant.cli.text import shorten, visible
from contenant.errors import ContenantError, UsageError

if TYPE_CHECKING:
    from contenant.app.usage import Usage

FORMATS = (".png", ".svg")
MOST_BARS = 60
_LABEL = 40  # characters


def check(name: str) -> None:
    """Raise UsageError where such a file cannot be drawn, before anything else is done."""
    if Path(name).suffix.lower() not in FORMATS:
        raise UsageError(f"neither .png nor .svg: {name!r}", hint="write a name such as usage.svg")
    try:
        import matplotlib.figure  # noqa: F401 - the chart needs it
    except ImportError as error:
        raise UsageError(
            "--plot needs matplotlib, which is not installed", hint="pip install 'contenant[plot]'"
        ) from error


def draw(rows: Sequence[Usage], name: str, title: str) -> None:
    """One bar for each group, the first at the top; of more than `MOST_BARS` the most expensive ones.

    Raises ContenantError where the file cannot be written.
    """
    from matplotlib.figure import Figure

    shown = _shown(rows)
    figure = Figure(figsize=(9, 1.5 + 0.28 * max(1, len(shown))), layout="constrained")
    axes = figure.add_subplot()
    places = range(len(shown))
    axes.barh(places, [row.cost_estimate or 0.0 for row in shown], color="#3b7dd8")
    axes.set_yticks(places, [_label(row.key) for row in shown], parse_math=False)
    axes.invert_yaxis()
    axes.set_xlabel("US dollars")
    axes.set_title(title, fontsize="medium")
    try:
        figure.savefig(name, metadata={"Date": None} if name.lower().endswith(".svg") else None)
    except OSError as error:
        raise ContenantError(
            f"cannot write {name!r}: {error.strerror}", hint="name a file in a directory you can write"
        ) from error


def _shown(rows: Sequence[Usage]) -> list[Usage]:
    most = sorted(rows, key=lambda row: row.cost_estimate or 0.0, reverse=True)[:MOST_BARS]
    return [row for row in rows if row in most]


def _label(key: str) -> str:
    return shorten(visible(key), _LABEL) or "(not known)"
