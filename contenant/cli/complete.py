"""Answers the completion scripts: what could stand where the cursor is.

A script sets _CONTENANT_COMPLETE to its shell. zsh and fish pass the words so far as arguments, the
unfinished one last; bash passes the raw line. The answer: the first line says `words` or `paths`, each
further line is a suggestion (for zsh with `:description`; fish wants no first line, and a tab before the
description).
"""

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from click.shell_completion import CompletionItem, ShellComplete, split_arg_string

from contenant.cli.settings import home

if TYPE_CHECKING:
    from contenant.app.ledger import Ledger
    from contenant.store.reads import Reads

T = TypeVar("T")
# CompletionItem.type of a directory, of a file that may be one, and of a directory with @ and a name behind
PATH, FILE, CONTAINER = "path", "file", "container"


class Question(NamedTuple):
    """The words before the cursor, the unfinished one, and how much of it the shell thinks is finished."""

    words: list[str]
    incomplete: str
    cut: int = 0  # characters of `incomplete` that bash holds for another word


def answer(shell: str, arguments: Sequence[str]) -> int:
    """Write the suggestions for a shell; return 0. A wrong command line has none."""
    question = from_bash(os.environ) if shell == "bash" else _from_arguments(arguments)
    items = suggestions(question.words, question.incomplete)
    for line in lines(shell, items, question):
        sys.stdout.write(line + "\n")
    return 0


def suggestions(words: Sequence[str], incomplete: str) -> list[CompletionItem]:
    """What click's completion finds for the words of a command line, without the program's name."""
    from contenant.cli.root import command

    if "--" in words:  # what follows is the container's
        at = list(words).index("--")
        return _behind_dashes(list(words[:at]), list(words[at + 1 :]), incomplete)
    return ShellComplete(command, {}, "contenant", "").get_completions(list(words), incomplete)


def _behind_dashes(before: list[str], words: list[str], incomplete: str) -> list[CompletionItem]:
    """The agent's own options, where the command is a run."""
    from contenant.cli.root import COMMANDS

    first = next((word for word in before if not word.startswith("-")), "run")
    if first != "run" and (first in COMMANDS or not before[0].startswith("-")):
        return []
    from contenant.cli.complete_records import agent

    return agent(words, before, incomplete)


def lines(shell: str, items: Sequence[CompletionItem], question: Question) -> Iterator[str]:
    """The answer in the form that a script reads. A suggestion with a newline cannot be passed on."""
    usable = [item for item in items if item.value.isprintable()]
    paths = any(item.type in (PATH, FILE, CONTAINER) for item in usable)
    if shell != "fish":
        yield "paths" if paths else "words"
    option, _, _ = question.incomplete.partition("=")
    prefix = f"{option}=" if question.incomplete.startswith("--") and "=" in question.incomplete else ""
    for item in usable:
        slash = "/" if item.type == PATH and shell != "bash" else ""  # readline adds its own
        value = prefix + item.value + slash
        if shell == "bash":
            yield value[question.cut :]
        elif shell == "zsh" and not paths:
            yield value.replace("\\", "\\\\").replace(":", "\\:") + (f":{item.help}" if item.help else "")
        elif shell == "fish" and item.help:
            yield f"{value}\t{item.help}"
        else:
            yield value


def from_bash(environ: Mapping[str, str]) -> Question:
    """bash's line up to the cursor, split as a shell would, and where bash's own current word begins.

    bash ends words at `=` and `:` as well, and replaces only what follows.
    """
    raw = environ.get("COMP_LINE", "").encode("utf-8", "surrogateescape")
    line = raw[: int(environ.get("COMP_POINT", len(raw)))].decode("utf-8", "surrogateescape")
    words = split_arg_string(line)
    if not words or (line[-1:].isspace() and not line.endswith("\\ ")):
        words.append("")
    incomplete = words[-1]
    current = split_arg_string(environ.get("COMP_CURRENT", ""))
    seen = current[0] if current else ""
    seen = "" if seen in ("=", ":") else seen
    cut = len(incomplete) - len(seen) if incomplete.endswith(seen) else 0
    cut -= incomplete[:cut].endswith("@")  # which ends a word, too, but is replaced with what follows
    return Question(words[1:-1], incomplete, cut)


def _from_arguments(arguments: Sequence[str]) -> Question:
    return Question(list(arguments[:-1]), arguments[-1] if arguments else "")


def project_paths(incomplete: str) -> list[CompletionItem]:
    """Directories below what is typed, the projects that have a container, and behind @ a project's further
    containers. `~/` stays as typed."""
    base = home() + "/" if incomplete.startswith("~/") else ""
    typed = base + incomplete[2:] if base else incomplete
    found = [(path, PATH) for path in sorted({*_directories(typed), *_known_projects(typed)})]
    place, at, start = typed.rpartition("@")
    if at and "/" not in start:
        found += [(f"{place}@{name}", CONTAINER) for name in container_names(place or ".", start)]
    return [CompletionItem(f"~/{word[len(base) :]}" if base else word, type=kind) for word, kind in found]


def container_names(project: str, start: str) -> list[str]:
    """What the further containers of the project at a path are called, as far as it begins so."""

    found = known_variants(os.path.realpath(project))
    return sorted({name for name in found if name and name.startswith(start)})


def file_paths(incomplete: str) -> list[CompletionItem]:
    """Files and directories below what is typed. `~/` stays as typed."""
    base = home() + "/" if incomplete.startswith("~/") else ""
    typed = base + incomplete[2:] if base else incomplete
    folders = set(_directories(typed))
    found = sorted({*folders, *_entries(typed, files=True)})
    return [
        CompletionItem(f"~/{path[len(base) :]}" if base else path, type=PATH if path in folders else FILE)
        for path in found
    ]


def live_sessions(incomplete: str) -> list[CompletionItem]:
    """The live sessions whose id begins with what is typed; none where nothing is."""
    found = on_record(lambda view: view.live_sessions()) if incomplete else ()
    return [CompletionItem(each.id, help=each.argv[0]) for each in found if each.id.startswith(incomplete)]


def _directories(typed: str) -> Iterator[str]:
    return _entries(typed, files=False)


def _entries(typed: str, *, files: bool) -> Iterator[str]:
    _, _, start = typed.rpartition("/")
    base = typed[: len(typed) - len(start)]
    try:
        with os.scandir(base or ".") as entries:
            for entry in entries:
                hidden = entry.name.startswith(".") and not start.startswith(".")
                if entry.name.startswith(start) and not hidden and (files or entry.is_dir()):
                    yield base + entry.name
    except OSError:
        return


def _known_projects(typed: str) -> Sequence[str]:
    return _from_ledger(lambda ledger: ledger.known_paths(typed))


def known_variants(path: str) -> Sequence[str]:
    """What the containers of the project at a canonical path are called, as `Ledger.known_variants`."""
    return _from_ledger(lambda ledger: ledger.known_variants(path))


def on_record(ask: "Callable[[Reads], Sequence[T]]") -> "Sequence[T]":
    """What the record answers; nothing where there is none."""

    def read(ledger: "Ledger") -> "Sequence[T]":
        view = ledger.snapshot()
        return ask(view) if view else ()

    return _from_ledger(read)


def _from_ledger(ask: "Callable[[Ledger], Sequence[T]]") -> "Sequence[T]":
    from contenant.app.ledger import Ledger, database_url
    from contenant.errors import ContenantError

    try:
        with Ledger(database_url(os.environ)) as ledger:
            return ask(ledger)
    except ContenantError:  # a suggestion less; the command itself will say what is wrong
        return ()
