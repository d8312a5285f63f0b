"""Transcripts in the documentation: what stands in a page is what the commands in it print.

A console block below a line `<!-- run -->` is played: each line `$ COMMAND` in one shell for the whole
page, so that `cd` and variables last; a line that follows a backslash at a line's end belongs to its
command, and so does a here-document. Below `<!-- run on container -->` it is played over the stand-in of
Apple's engine. `play` gives the page with what was printed; `same` compares, forgiving what no two runs
share: moments, durations, sizes, identifiers, the width of columns. A line `…` stands for any lines.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

MARK = "<!-- run -->"
APPLE = "<!-- run on container -->"
ANY = "…"
_BLOCK = re.compile(
    rf"^(?:{re.escape(MARK)}|{re.escape(APPLE)})\n```console\n(.*?)^```$", re.MULTILINE | re.DOTALL
)
_END = "-- end of command"
_FORGIVEN = (
    (re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d)?(\.\d+Z)?"), "MOMENT"),
    (re.compile(r"\b\d{8}T\d{6}-\d+Z"), "MOMENT"),
    (re.compile(r"\b(sha256:)?[0-9a-f]{64}\b(:\d+)?"), "HASH"),
    (re.compile(r"^(yes|no) +\d+(?= +HASH)"), r"\1 NUMBER"),  # events: how many depends on who is quicker
    (re.compile(r"\b\d+ events"), "EVENTS"),
    (re.compile(r"\b[0-9a-z]{26}\b"), "ID"),
    (re.compile(r"-[0-9a-f]{8}\b(?!-)"), "-NAME"),
    (re.compile(r"-[0-9a-f]{12}\b"), "-RECIPE"),
    (re.compile(r"(?<![\w.-])[0-9a-f]{12}\b"), "POLICY"),
    (re.compile(r"\b[0-9a-f]{16}\b"), "HOST"),
    (re.compile(r"127\.0\.0\.1:\d{5}\b"), "SERVER"),
    (re.compile(r"\b\d+(\.\d+)?( ?(s|ms|min|kB|KiB|MB|MiB|GB|GiB)\b| seconds?)"), "AMOUNT"),
    (re.compile(r"\b(now|\d+[hd])\b"), "AMOUNT"),
    (re.compile(r"/(tmp|var)/\S+"), "PLACE"),
)


class Block(NamedTuple):
    """One block: where it stands in its page, and its commands with what they are said to print."""

    start: int
    end: int
    commands: tuple[tuple[str, tuple[str, ...]], ...]


def blocks(page: str) -> Iterator[Block]:
    """The blocks of a page that are played."""
    for match in _BLOCK.finditer(page):
        commands: list[tuple[str, list[str]]] = []
        for line in match[1].splitlines():
            if commands and not commands[-1][1] and _goes_on(commands[-1][0]):
                commands[-1] = (f"{commands[-1][0]}\n{line}", [])
            elif line.startswith("$ "):
                commands.append((line[2:], []))
            elif commands:
                commands[-1][1].append(line)
            else:
                raise ValueError(f"a transcript begins without a command: {line!r}")
        yield Block(match.start(1), match.end(1), tuple((one, tuple(said)) for one, said in commands))


def _goes_on(command: str) -> bool:
    """Whether the next line is the command's own."""
    document = re.search(r"<<'?(\w+)'?", command)
    if document:
        return document[1] not in command.splitlines()[1:]
    return command.endswith("\\")


def play(page: str, run: Callable[[list[str]], list[str]]) -> str:
    """The page with what its commands print now; blocks that say the same already are left as they are.

    `run` takes every command of the page and gives what each printed.
    """
    found = list(blocks(page))
    printed = iter(run([command for block in found for command, _ in block.commands]))
    pieces, at = [], 0
    for block in found:
        pieces.append(page[at : block.start])
        for command, said in block.commands:
            now = next(printed).rstrip("\n").splitlines()
            pieces.append("\n".join([f"$ {command}", *(said if same(said, now) else now)]) + "\n")
        at = block.end
    return "".join([*pieces, page[at:]])


def same(said: tuple[str, ...] | list[str], now: list[str]) -> bool:
    """Whether lines say the same, but for what no two runs share."""
    wanted = [_plain(line) for line in said]
    while wanted and not wanted[-1]:
        wanted.pop()
    pattern = "\n".join(r"(?:.*\n)*?.*" if line == ANY else re.escape(line) for line in wanted)
    return re.fullmatch(pattern, "\n".join(_plain(line) for line in now)) is not None


def _plain(line: str) -> str:
    for pattern, name in _FORGIVEN:
        line = pattern.sub(name, line)
    return re.sub(r"[ ─]+", " ", line).strip()


def shell(home: Path, env: Mapping[str, str]) -> Callable[[list[str]], list[str]]:
    """A runner: one bash, `home` its HOME and first directory, this interpreter's contenant on its PATH.

    Where `env` gives contenant another place than HOME, what is in it is found and named as if it were there.
    """
    binaries = home / "bin"
    binaries.mkdir(parents=True)
    program = binaries / "contenant"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m contenant "$@"\n')
    program.chmod(0o755)
    named = {str(home): "~"}
    if there := env.get("CONTENANT_HOME"):
        for kind, usual in (("config", ".config"), ("state", ".local/state")):
            (Path(there) / kind).mkdir(parents=True, mode=0o700, exist_ok=True)
            (home / usual).mkdir(parents=True)
            (home / usual / "contenant").symlink_to(Path(there) / kind)
            named[str(Path(there) / kind)] = f"~/{usual}/contenant"

    def run(commands: list[str]) -> list[str]:
        script = "".join(f"{command}\nprintf '%s\\n' '{_END}'\n" for command in commands)
        done = subprocess.run(
            ["bash", "--norc", "-c", script],
            cwd=home,
            env={**env, "HOME": str(home), "PATH": f"{binaries}:{env['PATH']}", "COLUMNS": "120"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=280,
            check=False,
        )
        text = done.stdout
        for place, usual in named.items():
            text = text.replace(place, usual)
        printed = text.split(f"{_END}\n")
        assert len(printed) == len(commands) + 1, f"the shell ended early:\n{done.stdout}"
        return printed[:-1]

    return run
