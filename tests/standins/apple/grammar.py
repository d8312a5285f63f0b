"""The command line as swift-argument-parser reads it: names, gates by release, and the strict parser.

Rules (ArgumentSet, SplitArguments and CommandParser of swift-argument-parser): a value never begins with
a dash; `--name value` and `--name=value`; `-it` is `-i -t`, and packed letters take their values from the
words that follow; options and positionals mix, except that for a command that passes its arguments
through, parsing stops at the first positional and everything after it, `--` included, is taken verbatim.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from .errors import CleanExit, ParseError
from .settings import Version

Gate = tuple[int, ...]
NEVER: Gate = (999,)


class Option(NamedTuple):
    """One option or flag. `since` is the first release that knows it, `until` the first that no longer
    does.
    """

    names: tuple[str, ...]
    key: str
    kind: str = (
        "value"  # value | list | flag | toggle (one of two flags that set one value, None when neither)
    )
    label: str = ""
    type: str = "str"  # str | int | uint
    choices: tuple[str, ...] = ()
    since: Gate = (0,)
    until: Gate = NEVER
    abstract: str = ""
    sets: bool = True


class Positional(NamedTuple):
    """One positional; `passthrough` takes the rest verbatim, `repeat` takes several."""

    key: str
    optional: bool = False
    repeat: bool = False
    passthrough: bool = False

    @property
    def label(self) -> str:
        return self.key.replace("_", "-")


class Command(NamedTuple):
    """A subcommand: where it sits, what it takes, which releases have it, whether it talks to the service."""

    path: tuple[str, ...]
    abstract: str
    options: tuple[Option, ...] = ()
    positionals: tuple[Positional, ...] = ()
    aliases: tuple[str, ...] = ()
    since: Gate = (0,)
    until: Gate = NEVER
    service: bool = True
    ping: bool = False

    @property
    def title(self) -> str:
        return " ".join(("container", *self.path))

    @property
    def passes_through(self) -> bool:
        return any(positional.passthrough for positional in self.positionals)


def known(gated: Option | Command, version: Version) -> bool:
    """Whether that release has it."""
    return gated.since <= tuple(version) < gated.until


def usage(command: Command, version: Version) -> str:
    """The usage lines that follow an error."""
    words = []
    for positional in command.positionals:
        word = f"<{positional.label}>" + (" ..." if positional.repeat or positional.passthrough else "")
        words.append(f"[{word}]" if positional.optional else word)
    optional = "[<options>] " if any(known(option, version) for option in command.options) else ""
    line = f"Usage: {command.title} {optional}{' '.join(words)}".rstrip()
    return f"{line}\n  See '{command.title} --help' for more information."


def help_text(command: Command, version: Version) -> str:
    """A short help page: Apple's lists more, in the same order of sections."""
    synopsis = usage(command, version).splitlines()[0].removeprefix("Usage: ")
    lines = [f"OVERVIEW: {command.abstract}", "", f"USAGE: {synopsis}", "", "OPTIONS:"]
    for option in command.options:
        if known(option, version):
            value = "" if option.kind in ("flag", "toggle") else f" <{option.label}>"
            lines.append("  " + ", ".join(option.names) + value)
    return "\n".join([*lines, "  -h, --help              Show help information."])


def edit_distance(left: str, right: str) -> int:
    """Levenshtein distance, for the suggestion after an unknown option."""
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        previous, row[0] = row[0], i
        for j, b in enumerate(right, 1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (a != b))
    return row[-1]


class Parser:
    """One reading of one command's words. `parse` gives the values by key, or raises ParseError or
    CleanExit.
    """

    def __init__(self, command: Command, version: Version) -> None:
        self.command = command
        self.version = version
        self.by_name = {
            name: option for option in command.options if known(option, version) for name in option.names
        }
        self.values: dict[str, Any] = {}
        for option in command.options:
            default: Any = {"list": [], "flag": False}.get(option.kind)
            self.values.setdefault(option.key, default)
        self.loose: list[str] = []
        self.unknown: list[str] = []
        self.words: list[str] = []
        self.at = 0

    def parse(self, words: Sequence[str]) -> dict[str, Any]:
        """Read all words. Raises ParseError (64) and CleanExit."""
        self.words = list(words)
        while self.at < len(self.words):
            word = self.words[self.at]
            self.at += 1
            if word == "--":
                self._terminate()
            elif word.startswith("-") and word != "-":
                self._option(word)
            elif self.command.passes_through:
                self.loose += [word, *self.words[self.at :]]
                break
            else:
                self.loose.append(word)
            if self.unknown and self.command.passes_through:
                break
        if self.unknown:
            raise self._unknown(self.unknown[0])
        self._place()
        return self.values

    def _terminate(self) -> None:
        self.loose += self.words[self.at :]
        self.at = len(self.words)

    def _option(self, word: str) -> None:
        name, equals, value = word.partition("=")
        if name in ("-h", "--help"):
            raise CleanExit(help_text(self.command, self.version))
        if name == "--version":
            raise CleanExit(version_line(self.version))
        if name.startswith("--") or equals or len(name) == 2:
            self._apply(name, value if equals else None)
            return
        for letter in name[1:]:
            if letter == "h":
                raise CleanExit(help_text(self.command, self.version))
            self._apply(f"-{letter}", None)

    def _apply(self, name: str, value: str | None) -> None:
        option = self.by_name.get(name)
        if option is None:
            self.unknown.append(name)
        elif option.kind in ("flag", "toggle"):
            if value is not None:
                raise ParseError(f"The option '{name}' does not take any value, but '{value}' was specified.")
            self._set_flag(option, name)
        else:
            converted = convert(option, name, self._value(option, name) if value is None else value)
            if option.kind == "list":
                self.values[option.key].append(converted)
            else:
                self.values[option.key] = converted

    def _set_flag(self, option: Option, name: str) -> None:
        if option.kind == "toggle" and self.values[option.key] not in (None, option.sets):
            raise ParseError(f"Value to be set with flag '{name}' had already been set with another flag")
        self.values[option.key] = option.sets

    def _value(self, option: Option, name: str) -> str:
        if self.at < len(self.words):
            word = self.words[self.at]
            if not word.startswith("-") or word == "-":
                self.at += 1
                return word
        raise ParseError(
            f"Missing value for '{name} <{option.label}>'", f"{name} <{option.label}>  {option.abstract}"
        )

    def _unknown(self, name: str) -> ParseError:
        if name.startswith("--"):
            near = [(edit_distance(other, name), other) for other in self.by_name if other.startswith("--")]
            best = min((pair for pair in near if pair[0] < 4), default=None, key=lambda pair: pair[0])
            if best is not None:
                return ParseError(f"Unknown option '{name}'. Did you mean '{best[1]}'?")
        return ParseError(f"Unknown option '{name}'")

    def _place(self) -> None:
        rest = self.loose
        for positional in self.command.positionals:
            if positional.repeat or positional.passthrough:
                if not rest and not positional.optional:
                    raise ParseError(f"Missing expected argument '<{positional.label}> ...'")
                self.values[positional.key], rest = rest, []
            elif rest:
                self.values[positional.key], rest = rest[0], rest[1:]
            elif positional.optional:
                self.values[positional.key] = None
            else:
                raise ParseError(f"Missing expected argument '<{positional.label}>'")
        if len(rest) == 1:
            raise ParseError(f"Unexpected argument '{rest[0]}'")
        if rest:
            raise ParseError(f"{len(rest)} unexpected arguments: '" + "', '".join(rest) + "'")


def convert(option: Option, name: str, text: str) -> Any:
    """The value in its type. Raises ParseError."""
    invalid = f"The value '{text}' is invalid for '{name} <{option.label}>'"
    if option.type in ("int", "uint"):
        digits = text[1:] if option.type == "int" and text[:1] in ("-", "+") else text
        if not (digits.isascii() and digits.isdigit()):
            raise ParseError(invalid, f"{name} <{option.label}>  {option.abstract}")
        return int(text)
    if option.choices and text not in option.choices:
        quoted = [f"'{choice}'" for choice in option.choices]
        several = " and ".join(quoted) if len(quoted) <= 2 else ", ".join(quoted[:-1]) + " or " + quoted[-1]
        raise ParseError(f"{invalid}. Please provide one of {several}.")
    return text


def version_line(version: Version) -> str:
    """What `container --version` prints."""
    return f"container CLI version {version} (build: release, commit: abc1234)"
