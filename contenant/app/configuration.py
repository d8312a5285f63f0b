"""A project's settings with the user's trust in its file; and what `contenant config` shows and records.

Whoever needs the settings of a project comes through `load`: only there a trusted file has its way.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from contenant import config, files
from contenant.app.ledger import Ledger
from contenant.app.project import identify
from contenant.core import changes
from contenant.core.digest import sha256_hex
from contenant.core.settings import Settings
from contenant.core.settings_layers import rows
from contenant.errors import BusyError, NotFoundError
from contenant.paths import ensure_private

if TYPE_CHECKING:
    from contenant.core.layer import Layer

TEMPLATE = """\
# Settings of contenant: docs/configuration.md, or `contenant config show`.
#
# memory = "4g"
# mounts = ["~/reference:/reference:ro"]
#
# [env]
# EDITOR = "vim"
#
# [firewall]
# presets = ["github"]
"""


def load(ledger: Ledger, project: str, flags: Mapping[str, Any]) -> Settings:
    """All layers for the project at a canonical path; its file has its way where its bytes are trusted.

    Raises ConfigError, UsageError for flags, StateError.
    """
    return config.load(Path(project), os.environ, flags, trusted_hash=_trusted(ledger, project))


def _trusted(ledger: Ledger, project: str) -> str:
    """The database is asked only where there is a file: few projects have one."""
    if not config.asks_for_something(project):
        return ""
    view = ledger.snapshot()
    return view.trusted_hash(str(config.project_path(Path(project)))) if view else ""


def note(ledger: Ledger, settings: Settings, project: str) -> None:
    """Put on record that the user's file or the project's has other bytes than when last used, if so."""
    own = str(config.user_path())
    found = {own: file_hash(own), str(config.project_path(Path(project))): settings.project_hash}
    view = ledger.snapshot()
    known = {path: view.config_hash(path) if view else "" for path in found}
    changed = [
        changes.config_changed(path, digest, known[path])
        for path, digest in found.items()
        if digest != known[path]
    ]
    if changed:
        ledger.store().apply(changed)


def file_hash(path: str) -> str:
    """SHA-256 of a file of settings, "" where there is none or it cannot be read: `load` then says why."""
    try:
        data = files.read(Path(path), config.MAX_BYTES, follow=True)
    except OSError:
        return ""
    return "" if data is None else sha256_hex(data)


class Row(NamedTuple):
    """A setting, or one item of a list or table. Holds no secret."""

    key: str
    value: str
    layer: str  # default, user, project, env or flag
    source: str  # file or variable; "" for a default
    state: Literal["in force", "pending"]  # pending: a project's file asks for it that is not trusted


def show(path: Path) -> tuple[list[Row], tuple[str, ...]]:
    """Every setting as a session in the project at `path` gets it, then what its file asks for in vain; and
    what is left out of its dev container's file.
    """
    canonical, _ = identify(path)
    with Ledger(config.database_url(os.environ)) as ledger:
        settings = load(ledger, canonical, {})
    found = [Row(*row, "in force") for row in rows(settings)]
    waiting = [
        Row(item.key, item.text, item.origin.layer, item.origin.source, "pending")
        for item in settings.pending
    ]
    return found + waiting, settings.notes


class Request(NamedTuple):
    """What a project's file asks for, and the bytes that ask for it."""

    path: str
    sha256: str  # 64 hex digits
    text: str  # all that is read, each file below its path; bytes that are no UTF-8 replaced
    asks: tuple[str, ...]  # `key value`, without values of variables
    trusted: bool  # these very bytes are trusted already


def read_request(path: Path) -> Request:
    """What the file of the project at `path` asks for beyond what any project may have.

    Raises NotFoundError where there is no file, ConfigError where it is wrong, BusyError where it changes
    while it is read.
    """
    canonical, _ = identify(path)
    place = config.project_path(Path(canonical))
    with Ledger(config.database_url(os.environ)) as ledger:
        trusted = _trusted(ledger, canonical)
    settings = config.load(Path(canonical), os.environ, {})
    wanted = config.load(None, os.environ, {}).devcontainer
    asks = config.project_asks(Path(canonical), devcontainer=wanted)
    if not settings.project_file or asks is None:
        raise NotFoundError(f"{place} does not exist", hint="a project without that file asks for nothing")
    data = files.read(place, config.MAX_BYTES)
    if _hash(data, asks) != asks.hash or asks.hash != settings.project_hash:
        raise BusyError(f"{place} is being changed", hint="look at it again when that has ended")
    return Request(
        path=settings.project_file,
        sha256=settings.project_hash,
        text="\n".join([*_own_text(settings.project_file, data), *_more_text(asks)]),
        asks=tuple(f"{item.key} {item.text}" for item in settings.pending),
        trusted=trusted == settings.project_hash,
    )


def _hash(data: bytes | None, asks: config.ProjectAsks) -> str:
    """The hash of what is shown, which is what is trusted."""
    settings = "" if data is None else sha256_hex(data)
    if asks.layer is None and asks.devcontainer is None:
        return settings
    from contenant import project_layers  # no start needs it

    return project_layers.trust_hash(settings, asks)


def _own_text(path: str, data: bytes | None) -> list[str]:
    """The project's file, where there is one: a layer or a dev container needs none."""
    return [] if data is None else [f"{path}:", "", data.decode("utf-8", "replace")]


def _more_text(asks: config.ProjectAsks) -> list[str]:
    """What else is read before it is trusted: the dev container's file and the layer's."""
    found = asks.devcontainer
    return [
        *([f"{found.path}:", "", found.text] if found else []),
        *(_layer_text(asks.layer) if asks.layer else []),
    ]


def _layer_text(layer: Layer) -> list[str]:
    parts = []
    if layer.containerfile:
        parts += [f"{layer.containerfile}:", "", layer.text]
    for name, file in sorted(layer.files.items()):
        parts.append(f"copied: {name}, {len(file.content)} bytes, SHA-256 {sha256_hex(file.content)}")
    if layer.setup:
        parts += [f"{layer.setup}:", "", layer.script.decode("utf-8", "replace")]
    parts.append("These run as root while the image is built, and can replace any program in it.")
    if layer.trouble:
        parts.append(f"It cannot be built: {layer.trouble}")
    return parts


def trust(request: Request) -> None:
    """Record the user's word for exactly the bytes that were shown."""
    with Ledger(config.database_url(os.environ)) as ledger:
        ledger.store().apply([changes.config_trusted(request.path, request.sha256, request.asks)])


def revoke(path: Path) -> bool:
    """Take the trust in a project's file back, whether or not it still exists; whether there was any."""
    place = str(file_of(path))
    with Ledger(config.database_url(os.environ)) as ledger:
        store = ledger.store()
        had = bool(store.trusted_hash(place))
        store.apply([changes.config_revoked(place)])
    return had


def file_of(path: Path) -> Path:
    """Where the file of the project at `path` is, whether or not it exists."""
    return config.project_path(Path(identify(path)[0]))


def prepare_file() -> Path:
    """The user's file, made with examples in comments where there is none. Raises StateError."""
    path = config.user_path()
    ensure_private(path.parent)
    if not os.path.lexists(path):
        files.replace(path, TEMPLATE.encode())
    return path


def check_file() -> None:
    """Read the user's file as a start would. Raises ConfigError with `file:key` and what is wrong."""
    config.load(None, {}, {})


def note_file() -> None:
    """Put a change of the user's file on record."""
    own = str(config.user_path())
    with Ledger(config.database_url(os.environ)) as ledger:
        store = ledger.store()
        before, now = store.config_hash(own), file_hash(own)
        if before != now:
            store.apply([changes.config_changed(own, now, before)])
