"""A Containerfile of the user's or a project's: read by lines, and refused where a layer cannot be. Pure.

Only what every builder knows is taken: podman's, docker's old one and BuildKit, Apple's. The last stage has
to start from `contenant/base`; its words of that stage are carried into one of contenant's own.
"""

import json
import re
import shlex
from collections.abc import Iterator
from typing import NamedTuple

from contenant.errors import ConfigError

BASE = "contenant/base"
RESERVED = "contenant."  # names in the context, and `contenant-` of stages, are the build's own
_REASONS = {
    "ENTRYPOINT": "the container's first process is contenant's, which raises the firewall",
    "CMD": "what runs in the container is said by whoever opens a session",
    "HEALTHCHECK": "it would run beside the sessions, as root",
    "ONBUILD": "nothing is built from a layer but by contenant",
    "STOPSIGNAL": "contenant stops the container",
    "VOLUME": "directories of the host are mounted by the setting `mounts`",
}
_KNOWN = frozenset(
    {"FROM", "RUN", "COPY", "ADD", "ENV", "ARG", "LABEL", "USER", "WORKDIR", "SHELL", "EXPOSE", "MAINTAINER"}
) | frozenset(_REASONS)
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# Names that bend the loader or a shell, or are the session's own.
_CLOSED = re.compile(
    r"LD_(PRELOAD|AUDIT)|BASH_ENV|ENV|BASHOPTS|SHELLOPTS|IFS|PS4|BASH_FUNC.*|EUID|UID|PPID"
    r"|HOME|USER|LOGNAME|SHELL|PWD|OLDPWD|CLAUDE_CONFIG_DIR|CONTENANT_.*"
)


class Instruction(NamedTuple):
    """One instruction, its continued lines joined."""

    name: str  # upper case
    text: str
    first: int  # its lines, counted from 1
    last: int


class Containerfile(NamedTuple):
    """A file that may be built."""

    before: str  # all above the last stage, with `{base}` replaced by what was given
    after: str  # all below the last FROM
    sources: tuple[str, ...]  # what is copied from the file's own directory
    images: tuple[str, ...]  # other images that it needs
    variables: tuple[str, ...]  # names that ENV sets in the last stage
    environment: str  # ENV and ARG of the last stage, for a layer above


class _Stage(NamedTuple):
    image: str
    name: str


def read(text: str, path: str, parent: str = BASE) -> Containerfile:
    """The file with `contenant/base` replaced by `parent`, a reference.

    Raises ConfigError with `path:line` and the reason.
    """
    instructions = []
    for one in _instructions(text, path):
        _check_form(one, path)  # at once: what follows a `<<` is no instruction
        instructions.append(one)
    froms = [one for one in instructions if one.name == "FROM"]
    if not froms:
        raise _wrong(path, 1, "it has no FROM", f"begin it with FROM {BASE}")
    stages = [_stage(one, path) for one in froms]
    _check_last(stages[-1], froms[-1], path)
    last = [one for one in instructions if one.first > froms[-1].last]
    for one in instructions:
        if one.name == "ONBUILD" or (one in last and one.name in _REASONS):
            reason = f"{one.name} is not for a layer: {_REASONS[one.name]}"
            raise _wrong(path, one.first, reason, "take it away")
    lines = text.splitlines()
    for one, stage in zip(froms, stages, strict=True):
        if stage.image == BASE:
            lines[one.first - 1] = f"FROM {parent}" + (f" AS {stage.name}" if stage.name else "")
    copies = [one for one in instructions if one.name in ("COPY", "ADD")]
    taken = [_copied(one, path) for one in copies]
    environment = [one for one in last if one.name in ("ENV", "ARG")]
    return Containerfile(
        before="\n".join(lines[: froms[-1].first - 1]),
        after="\n".join(lines[froms[-1].last :]),
        sources=tuple(dict.fromkeys(source for _, sources in taken for source in sources)),
        images=_images(stages, [origin for origin, _ in taken], froms, path),
        variables=tuple(
            dict.fromkeys(name for one in last if one.name == "ENV" for name in _names(one, path))
        ),
        environment="\n".join(f"{one.name} {one.text}" for one in environment),
    )


def _wrong(path: str, line: int, reason: str, hint: str = "") -> ConfigError:
    return ConfigError(f"{path}:{line}: {reason}", hint=hint or "correct the file")


def _instructions(text: str, path: str) -> Iterator[Instruction]:
    name, words, first = "", [], 0
    for number, line in enumerate(text.splitlines(), 1):
        bare = line.strip()
        if re.match(r"#\s*escape\s*=", bare, re.IGNORECASE):
            raise _wrong(path, number, "`escape` cannot be chosen", "continue lines with \\")
        if bare.startswith("#") or (not bare and name):
            continue
        if not name:
            if not bare:
                continue
            match = re.fullmatch(r"([A-Za-z]+)(?:\s+(.*))?", bare)
            if match is None or match[1].upper() not in _KNOWN:
                raise _wrong(path, number, f"no such instruction: {bare.split()[0][:40]}")
            name, first, bare = match[1].upper(), number, match[2] or ""
        if bare.endswith("\\\\"):
            raise _wrong(
                path, number, "builders do not agree on what `\\\\` at the end means", "write it otherwise"
            )
        words.append(bare.removesuffix("\\").strip())
        if not bare.endswith("\\"):
            yield Instruction(name, " ".join(words).strip(), first, number)
            name, words = "", []
    if name:
        raise _wrong(path, first, f"{name} is continued, and nothing follows")


def _stage(one: Instruction, path: str) -> _Stage:
    words = one.text.split()
    flags = [word for word in words if word.startswith("--")]
    words = words[len(flags) :]
    if len(words) not in (1, 3) or (len(words) == 3 and words[1].upper() != "AS"):
        raise _wrong(path, one.first, "FROM names an image, and a name behind AS")
    name = words[2] if len(words) == 3 else ""
    if name.lower().startswith("contenant-"):
        raise _wrong(path, one.first, f"{name}: names with contenant- are the build's own")
    if words[0] == BASE and (flags or one.first != one.last):
        raise _wrong(path, one.first, f"FROM {BASE} stands alone on its line, without options")
    return _Stage(words[0], name)


def _check_last(stage: _Stage, one: Instruction, path: str) -> None:
    if stage.image != BASE:
        raise _wrong(
            path, one.first, f"the last stage starts FROM {stage.image}: it has no firewall and no agent",
            f"start it FROM {BASE}; stages above it may start from any image",
        )  # fmt: skip


def _check_form(one: Instruction, path: str) -> None:
    if one.name in ("RUN", "COPY", "ADD"):
        if re.search(r"(?<!<)<<(?!<)", one.text):
            raise _wrong(
                path, one.first, "`<<` begins a text that docker's own builder does not know",
                "write the lines into a file and COPY it, or use printf",
            )  # fmt: skip
        if one.name == "RUN" and one.text.startswith("--"):
            raise _wrong(path, one.first, "options of RUN are not known to every builder", "take them away")
    if not one.text:
        raise _wrong(path, one.first, f"{one.name} says nothing")


def _words(one: Instruction, path: str) -> list[str]:
    """The words of a COPY, ADD or ENV, options first; the JSON form is read as such."""
    flags = re.match(r"(?:--\S+\s+)*", one.text)
    rest = one.text[flags.end() :] if flags else one.text
    try:
        words = json.loads(rest) if rest.startswith("[") else shlex.split(rest)
    except ValueError as error:
        raise _wrong(path, one.first, f"{one.name} cannot be read: {error}") from None
    return [*(flags[0].split() if flags else []), *map(str, words)]


def _copied(one: Instruction, path: str) -> tuple[str, tuple[str, ...]]:
    """The stage or image that is copied from, "" for the file's directory, and what is taken of that."""
    words = _words(one, path)
    flags = [word for word in words if word.startswith("--")]
    places = words[len(flags) :]
    if len(places) < 2:
        raise _wrong(path, one.first, f"{one.name} names what is copied and where to")
    for flag in flags:
        if flag.startswith("--from="):
            return flag.removeprefix("--from="), ()
        if not flag.startswith(("--chown=", "--chmod=")):
            raise _wrong(path, one.first, f"{one.name}: {flag} is not known to every builder")
    return "", tuple(_source(place, one, path) for place in places[:-1])


def _source(place: str, one: Instruction, path: str) -> str:
    """One path below the file's directory, without `./`; `.` is that directory."""
    if "://" in place or place.startswith("git@"):
        raise _wrong(
            path, one.first, f"{place}: what ADD fetches is another thing tomorrow",
            "fetch it by RUN, and compare a hash",
        )  # fmt: skip
    if re.search(r"[*?\[$\\]", place):
        raise _wrong(
            path, one.first, f"{place}: only plain names are copied", "name the file or its directory"
        )
    parts = [part for part in place.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise _wrong(path, one.first, f"{place} is not below the file's directory")
    if parts and (parts[0].startswith(RESERVED) or parts[0] in (".dockerignore", ".containerignore")):
        raise _wrong(path, one.first, f"{place}: this name is the build's own", "call it otherwise")
    return "/".join(parts) or "."


def _images(stages: list[_Stage], origins: list[str], froms: list[Instruction], path: str) -> tuple[str, ...]:
    """The images that are needed besides the base; those that a variable names are not known."""
    names = {stage.name.lower() for stage in stages if stage.name}
    known = {BASE, "scratch", *(str(number) for number in range(len(stages)))}
    for origin in origins:
        if origin == BASE:
            raise _wrong(path, froms[-1].first, f"--from={BASE}: a layer holds all of it already")
    wanted = [*(stage.image for stage in stages), *filter(None, origins)]
    return tuple(
        dict.fromkeys(
            one for one in wanted if one not in known and one.lower() not in names and "$" not in one
        )
    )


def _names(one: Instruction, path: str) -> Iterator[str]:
    """The variables that an ENV sets."""
    words = _words(one, path)
    for word in words if "=" in words[0] else words[:1]:
        name, equals, _ = word.partition("=")
        if not _VARIABLE.fullmatch(name) or (not equals and "=" in words[0]):
            raise _wrong(path, one.first, f"ENV: not a variable: {word[:60]}")
        if _CLOSED.fullmatch(name):
            raise _wrong(
                path, one.first, f"ENV {name} would bend the container's own programs", "take it away"
            )
        yield name
