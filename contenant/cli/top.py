"""`contenant top`: what the containers use, refreshed on a terminal."""

from __future__ import annotations

import io
import os
import select
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Empty, Queue
from threading import Thread
from typing import TYPE_CHECKING

import click

from contenant.cli.colour import is_terminal, terminal_width
from contenant.cli.command import Command
from contenant.cli.exits import EXIT_UNREACHABLE
from contenant.cli.option import option
from contenant.cli.options import rendered
from contenant.cli.render import Column, Output, Table, emit
from contenant.cli.root import COMMANDS
from contenant.cli.settings import home, ui_of
from contenant.cli.text import below_home, shorten
from contenant.core.sizes import size
from contenant.errors import ContenantError

if TYPE_CHECKING:
    from contenant.app.top import Frame, Row, Watch

EVERY = 2.0  # seconds from look to look
_ENTER, _LEAVE = "\x1b[?1049h\x1b[?25l", "\x1b[?25h\x1b[?1049l"  # alternate screen, hidden cursor

# Key of JSON and CSV -> what it says. Only ever added to.
FIELDS = {
    "name": "the container's name",
    "project": "canonical path of the project",
    "state": "running; with --all also stopped, created, paused or unknown",
    "sessions_live": "number of live sessions",
    "cpu": "percent of one processor, empty where that is not known",
    "memory": "bytes used, 0 where the engine does not say",
    "limit": "bytes it may use",
    "pids": "processes and threads, 0 where the engine does not say",
    "engine": "container, podman or docker",
    "variant": "which of the project's containers, empty for its first",
    "activity": "what the agent does: waiting (for the user), working, idle; empty where not known",
    "activity_since": "since when",
}


@click.command(
    cls=Command,
    short_help=COMMANDS["top"].summary,
    examples=(
        ("contenant top", "refreshed every two seconds; q ends it"),
        ("contenant top --once", "one table"),
        ("contenant top --json", "for programs"),
    ),
    exits=(0, 2, 3),
)
@option("--once", "only_once", is_flag=True, help="Print one table and end, on a terminal, too.")
@option("-a", "--all", "everything", is_flag=True, help="Containers that do not run, too.")
@rendered
@click.pass_context
def command(ctx: click.Context, only_once: bool, everything: bool, output: Output) -> int:
    """Show what the containers use, those that use most first.

    CPU is in percent of one processor, so four busy ones are 400%. Numbers are the engine's own; it is asked
    once for all containers at each look. On a terminal the table is refreshed until q or Ctrl-C; into a pipe,
    or in another format, it is printed once. An engine that says nothing is named, and the exit code is 3.
    """
    from contenant.app.top import Watch, once

    watch, ui = Watch(everything=everything), ui_of(ctx)
    on_screen = is_terminal(sys.stdout) and is_terminal(sys.stdin) and os.environ.get("TERM") != "dumb"
    if on_screen and output.format == "table" and not only_once:
        ui.hush()
        _follow(watch, output)
        return 0
    frame = once(watch, ui)
    emit(frame.rows, table(), output)
    if not frame.rows:
        ui.note("no containers run")
    return EXIT_UNREACHABLE if frame.silent else 0


def table() -> Table:
    """How a Row is shown."""
    base = home()
    return Table(
        columns=(
            Column("NAME", lambda row: row.name, floor=24, rank=3),
            Column("PROJECT", lambda row: place(row, base), floor=14),
            Column(
                "STATE", lambda row: row.state, colour=lambda row: "" if row.state == "running" else "dim"
            ),
            Column("SESSIONS", lambda row: str(row.sessions_live), rank=2),
            Column(
                "ACTIVITY",
                lambda row: row.activity or "-",
                rank=1,
                colour=lambda row: "yellow" if row.activity == "waiting" else "",
            ),
            Column("CPU", lambda row: "-" if row.cpu is None else f"{row.cpu:.0f}%"),
            Column("MEMORY", _memory),
            Column("PIDS", lambda row: str(row.pids or "-"), rank=1),
            Column("ENGINE", lambda row: row.engine, rank=4),
        ),
        fields=tuple(FIELDS),
        record=lambda row: row._asdict(),
        name=lambda row: row.name,
    )


def place(row: Row, base: str) -> str:
    """The project, of a further container PROJECT@NAME."""
    return below_home(row.project, base) + (f"@{row.variant}" if row.variant else "")


def _memory(row: Row) -> str:
    if not row.memory:
        return "-"
    return size(row.memory, binary=True) + (f" / {size(row.limit, binary=True)}" if row.limit else "")


def _follow(watch: Watch, output: Output) -> None:
    """Refresh until q or Ctrl-C; the terminal is then as it was. Raises what the first look raises."""
    frames: Queue[Frame | ContenantError] = Queue(1)
    Thread(target=_look_again, args=(watch, frames), daemon=True).start()
    first = _next(frames)
    if isinstance(first, ContenantError):
        raise first
    with _screen():
        shown: Frame | ContenantError = first
        while True:
            width = terminal_width(sys.stdout, os.environ)
            lines = draw(shown, output._replace(width=width), os.get_terminal_size(sys.stdout.fileno()).lines)
            sys.stdout.write("\x1b[H" + "".join(f"{line}\x1b[K\r\n" for line in lines[:-1]))
            sys.stdout.write(f"{lines[-1]}\x1b[K\x1b[J")
            sys.stdout.flush()
            found = _wait(frames, width)
            if found is None:
                return
            shown = found if not isinstance(found, str) else shown


def _look_again(watch: Watch, frames: Queue[Frame | ContenantError]) -> None:
    while True:
        began = time.monotonic()
        try:
            frames.put(watch.look())
        except ContenantError as error:
            frames.put(error)
        time.sleep(max(0.0, (0.5 if watch.vague else EVERY) - (time.monotonic() - began)))


def _next(frames: Queue[Frame | ContenantError]) -> Frame | ContenantError:
    """The first one; Ctrl-C is heard meanwhile."""
    while True:
        try:
            return frames.get(timeout=0.2)
        except Empty:
            continue


def _wait(frames: Queue[Frame | ContenantError], width: int) -> Frame | ContenantError | str | None:
    """The next frame; "" where the window has another width; None where the user wants to end."""
    while True:
        try:
            return frames.get_nowait()
        except Empty:
            pass
        if select.select([sys.stdin], [], [], 0.1)[0]:
            keys = os.read(sys.stdin.fileno(), 64)
            if not keys or keys[:1] in (b"q", b"Q", b"\x03", b"\x04"):
                return None
        if terminal_width(sys.stdout, os.environ) != width:
            return ""


def draw(shown: Frame | ContenantError, output: Output, height: int) -> list[str]:
    """The lines of a screen: the table, cut to its height, and below it what there is to say."""
    if isinstance(shown, ContenantError):
        return [shorten(text, output.width or 80) for text in (f"not available: {shown.message}", shown.hint)]
    text = io.StringIO()
    emit(shown.rows, table(), output._replace(stream=text))
    lines = text.getvalue().splitlines()
    below = [f"{name}: not available: {why}" for name, why in sorted(shown.silent.items())]
    below = below or ([] if shown.rows else ["no containers run"])
    below.append("q ends")
    room = max(1, (height or 24) - len(below))
    if len(lines) > room:
        lines = [*lines[: room - 1], f"… {len(lines) - room + 1} more"]
    return [*lines, *(shorten(line, output.width or 80) for line in below)]


@contextmanager
def _screen() -> Iterator[None]:
    """The alternate screen, keys at once; the terminal as it was afterwards, whatever happens."""
    import signal
    import termios
    import tty

    from contenant.terminal import kept

    def end(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        with kept((sys.stdin.fileno(),)):
            tty.setcbreak(sys.stdin.fileno(), termios.TCSADRAIN)
            sys.stdout.write(_ENTER)
            try:
                yield
            except KeyboardInterrupt:
                pass
            finally:
                sys.stdout.write(_LEAVE)
                sys.stdout.flush()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
