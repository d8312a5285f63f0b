"""Growth as a picture: seconds against how much is there. Its colours are read on light and on dark pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

INK = "#808080"  # of the axes and words
# Told apart by people who see no red or green, too; the engine's own calls are dashed.
STYLES = {
    "list": ("#3b7dd8", "-", "o"),
    "session": ("#d9822b", "-", "s"),
    "history": ("#8e5bc0", "-", "^"),
    "engine's ps": ("#3b7dd8", "--", ""),
    "engine's exec": ("#d9822b", "--", ""),
}


class Line(NamedTuple):
    """One command: its name in `STYLES`, and the median wall at each size, in seconds."""

    name: str
    sizes: Sequence[int]
    seconds: Sequence[float]


class Panel(NamedTuple):
    """One picture beside the other: what grows, and what was measured against it."""

    title: str
    across: str
    lines: Sequence[Line]


def labels(sizes: Sequence[int]) -> list[str]:
    """Sizes as people write them."""
    return [f"{size:,}" for size in sizes]


def draw(panels: Sequence[Panel], path: Path) -> None:
    """Write the picture; both axes are logarithmic, and the panels share the one up."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context(
        {"svg.hashsalt": "growth", "text.color": INK, "axes.labelcolor": INK, "svg.fonttype": "none"}
    ):
        figure = Figure(figsize=(9, 4.2), layout="constrained")
        figure.patch.set_alpha(0)
        across = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
        for axes, panel in zip(across, panels, strict=True):
            _panel(axes, panel)
        across[0].set_ylabel("seconds, median")
        across[0].legend(frameon=False, fontsize="small")
        extra: Mapping[str, None] = {"Date": None} if path.suffix == ".svg" else {}
        figure.savefig(path, metadata=extra or None, dpi=110)


def _panel(axes, panel: Panel) -> None:  # type: ignore[no-untyped-def]
    axes.set_facecolor("none")
    for line in panel.lines:
        colour, dash, mark = STYLES[line.name]
        axes.plot(line.sizes, line.seconds, color=colour, linestyle=dash, marker=mark, label=line.name)
    sizes = sorted({size for line in panel.lines for size in line.sizes})
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xticks(sizes, labels(sizes))
    axes.minorticks_off()
    ticks = [0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5]
    axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    every = [seconds for line in panel.lines for seconds in line.seconds]
    axes.set_ylim(min(*every, 0.05) * 0.8, max(*every, 1.0) * 1.3)
    axes.grid(color=INK, alpha=0.25, linewidth=0.6)
    axes.tick_params(colors=INK)
    for side in axes.spines.values():
        side.set_color(INK)
    axes.set_xlabel(panel.across)
    axes.set_title(panel.title, fontsize="medium", color=INK)
