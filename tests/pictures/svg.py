"""A recording as an SVG that plays by itself: no script, nothing fetched, so it moves in an <img> as well.

All screens lie side by side, and the window steps over them. Rows that look alike are drawn once. Who asked
their system for less movement sees the last screen.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from tests.pictures.recording import Frame, Run

CELL, LINE, EDGE, BAR = (
    8.4,
    18,
    14,
    30,
)  # pixels: a character's width, a row's height, the margin, the title's bar
HOLD = 4.0  # seconds the last screen stands before it begins anew
GROUND, TEXT = "#15191e", "#d8dee6"
COLOURS = {
    "default": TEXT,
    "text": TEXT,
    "ground": GROUND,
    "black": "#3b434d",
    "red": "#f0716f",
    "green": "#7fc98a",
    "brown": "#dcb964",
    "yellow": "#dcb964",
    "blue": "#7aa8f0",
    "magenta": "#c898e8",
    "cyan": "#6cc5c9",
    "white": "#d8dee6",
    "brightblack": "#8a949f",
    "brightred": "#ff8f8c",
    "brightgreen": "#9fe0a8",
    "brightbrown": "#f0d080",
    "brightyellow": "#f0d080",
    "brightblue": "#9cc0ff",
    "brightmagenta": "#dcb4f5",
    "brightcyan": "#8fe0e3",
    "brightwhite": "#ffffff",
}


def draw(frames: Sequence[Frame], title: str, columns: int) -> str:
    """The picture of at least one frame, as text. `title` is what a reader who sees nothing is told."""
    rows = max(len(frame.screen) for frame in frames)
    width, height = columns * CELL + 2 * EDGE, rows * LINE + BAR + EDGE
    drawn: dict[tuple[Run, ...], str] = {}
    screens = []
    for number, frame in enumerate(frames):
        lines = []
        for row, runs in enumerate(frame.screen):
            if runs:
                name = drawn.setdefault(runs, f"r{len(drawn)}")
                lines.append(f'<use href="#{name}" y="{row * LINE}"/>')
        screens.append(f'<g transform="translate({number * width:g})">{"".join(lines)}</g>')
    rows_drawn = "".join(f'<g id="{name}">{_row(runs)}</g>' for runs, name in drawn.items())
    total, steps = _steps(frames, width)
    last = (len(frames) - 1) * width
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}" '
        f'height="{height:g}" role="img" aria-labelledby="t"><title id="t">{escape(title)}</title><style>'
        f"text{{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;"
        f"fill:{TEXT};white-space:pre}}.b{{font-weight:bold}}"
        f"@keyframes play{{{steps}}}#film{{animation:play {total:.2f}s step-end infinite}}"
        f"@media(prefers-reduced-motion:reduce){{#film{{animation:none;transform:translateX(-{last:g}px)}}}}"
        f"</style><defs>{rows_drawn}</defs>"
        f'<rect width="{width:g}" height="{height:g}" rx="9" fill="{GROUND}"/>'
        + "".join(f'<circle cx="{18 + 18 * n}" cy="16" r="5.5" fill="#4a535e"/>' for n in range(3))
        + f'<svg x="{EDGE}" y="{BAR}" width="{width - EDGE:g}" height="{rows * LINE}">'
        f'<g id="film">{"".join(screens)}</g></svg></svg>\n'
    )


def _steps(frames: Sequence[Frame], width: float) -> tuple[float, str]:
    """How long it takes, and where the film stands when."""
    total = sum(frame.seconds for frame in frames) + HOLD
    at, steps = 0.0, []
    for number, frame in enumerate(frames):
        steps.append(f"{100 * at / total:.3f}%{{transform:translateX(-{number * width:g}px)}}")
        at += frame.seconds
    return total, "".join(steps)


def _row(runs: Sequence[Run]) -> str:
    parts = []
    for run in runs:
        x, wide = run.column * CELL, len(run.text) * CELL
        if run.background != "default":
            parts.append(
                f'<rect x="{x:g}" width="{wide:g}" height="{LINE}" fill="{_colour(run.background)}"/>'
            )
        if run.text.strip():
            look = f' style="fill:{_colour(run.colour)}"' if run.colour != "default" else ""
            bold = ' class="b"' if run.bold else ""
            parts.append(
                f'<text x="{x:g}" y="13.5" textLength="{wide:g}" lengthAdjust="spacingAndGlyphs" '
                f'xml:space="preserve"{bold}{look}>{escape(run.text, quote=False)}</text>'
            )
    return "".join(parts)


def _colour(name: str) -> str:
    """A colour of pyte's as CSS has it."""
    return COLOURS.get(name, f"#{name}")
