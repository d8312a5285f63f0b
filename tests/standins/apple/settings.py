"""What the environment says: which release to be, where the state lives, which modes are on."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

DEFAULT_VERSION = "1.2.2"
PREFIX = "CONTAINER_STANDIN_"


class Version(NamedTuple):
    """A release of Apple's container; compares as numbers do."""

    major: int
    minor: int = 0
    patch: int = 0

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"


class SetupError(Exception):
    """The stand-in itself is set up wrongly; nothing of Apple's."""


class Vanish(NamedTuple):
    """A container that goes away before the next call, or before the first call of `verb`."""

    name: str
    verb: str = ""


class Modes(NamedTuple):
    """The deliberate disorders, from CONTAINER_STANDIN_MODE."""

    names: frozenset[str] = frozenset()
    vanish: tuple[Vanish, ...] = ()
    slow: float = 0.0

    def on(self, name: str) -> bool:
        """Whether a plain mode is set."""
        return name in self.names


class Settings(NamedTuple):
    """Everything the environment decides. `hang` bounds deliberate hangs in seconds; None means for ever."""

    version: Version
    home: Path
    modes: Modes
    allow_tmp: bool
    hang: float | None
    runtime: str
    registry: Path | None

    @property
    def scope(self) -> str:
        """The name every podman object of this stand-in carries, so that several live side by side."""
        return hashlib.sha256(str(self.home).encode()).hexdigest()[:12]

    def at_least(self, *numbers: int) -> bool:
        """Whether the release is `numbers` (major, minor, patch) or newer."""
        return self.version >= Version(*numbers)


KNOWN_MODES = frozenset(
    {
        "service-down",
        "service-broken",
        "wedged",
        "skew",
        "skew-undecodable",
        "old-kernel",
        "no-kernel",
        "macos15",
    }
)


def parse_version(text: str) -> Version:
    """`1.2.2` to a Version. Raises SetupError."""
    match = re.fullmatch(r"(\d+)\.(\d+)\.(\d+)", text)
    if match is None:
        raise SetupError(f"{PREFIX}VERSION is not a release: {text!r}")
    return Version(*(int(part) for part in match.groups()))


def parse_modes(text: str) -> Modes:
    """The comma list of CONTAINER_STANDIN_MODE. Raises SetupError for a mode that does not exist."""
    names: set[str] = set()
    vanish: list[Vanish] = []
    slow = 0.0
    for item in filter(None, (part.strip() for part in text.split(","))):
        word, _, argument = item.partition(":")
        if word == "vanish" and argument:
            vanish.append(Vanish(*argument.split("@", 1)))
        elif word == "slow" and argument:
            slow = float(argument)
        elif item in KNOWN_MODES:
            names.add(item)
        else:
            raise SetupError(f"{PREFIX}MODE has no mode {item!r}")
    return Modes(frozenset(names), tuple(vanish), slow)


def read(environ: Mapping[str, str], need_home: bool) -> Settings:
    """Settings of the environment. Raises SetupError; CONTAINER_STANDIN_HOME has no default on purpose."""
    home = environ.get(PREFIX + "HOME", "")
    if not home and need_home:
        raise SetupError(f"{PREFIX}HOME is not set: the stand-in keeps its state nowhere by default")
    hang = environ.get(PREFIX + "HANG", "")
    registry = environ.get(PREFIX + "REGISTRY", "")
    return Settings(
        version=parse_version(environ.get(PREFIX + "VERSION") or DEFAULT_VERSION),
        home=Path(home).resolve(),
        modes=parse_modes(environ.get(PREFIX + "MODE", "")),
        allow_tmp=environ.get(PREFIX + "ALLOW_TMP", "") == "1",
        hang=float(hang) if hang else None,
        runtime=environ.get(PREFIX + "RUNTIME") or ("runc" if shutil.which("runc") else ""),
        registry=Path(registry) if registry else None,
    )
