"""The agent's own options, read from what its `--help` prints. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_LONGEST = 100  # characters of a description that are kept


class Word(NamedTuple):
    """Something that may stand on the agent's command line."""

    name: str  # "--model", or "mcp" for a command
    about: str  # its description, cut
    choices: tuple[str, ...] = ()  # values that the help names, for an option


def parse(text: str) -> list[Word]:
    """The options and commands of a help text, in its order; nothing of a text of another kind.

    An option with several names gives a word for each. The layout is Claude Code's (seen with 2.1.331): a
    section has entries that begin at column 2 and go on deeper; two blanks end the names.
    """
    found: list[Word] = []
    for section, left, about in _entries(text):
        choices = tuple(re.findall(r'"([^"\s]+)"', about.partition("(choices:")[2].partition(")")[0]))
        short = about if len(about) <= _LONGEST else about[: _LONGEST - 1].rstrip() + "…"
        if section == "Options":
            names = re.findall(r"(?<![\w<-])--?[A-Za-z][\w-]*", left.partition("<")[0].partition("[")[0])
            found += [Word(name, short, choices) for name in names]
        elif command := re.match(r"[a-z][\w|-]*", left):
            found += [Word(name, short) for name in command[0].split("|")]
    return found


def _entries(text: str) -> Iterator[tuple[str, str, str]]:
    """(section, names, description) of each entry of the sections Options and Commands."""
    section, left, about = "", "", ""
    for line in (*text.splitlines(), "End:"):
        indent = len(line) - len(line.lstrip())
        if line.strip() and indent <= 2 and left:
            yield section, left, " ".join(about.split())
            left = about = ""
        if line.strip() and indent == 0:
            section = line.strip().rstrip(":") if line.strip() in ("Options:", "Commands:") else ""
        elif section and indent == 2:
            left, _, about = line.strip().partition("  ")
        else:
            about += " " + line.strip()
