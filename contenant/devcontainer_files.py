"""Reads a project's `.devcontainer/devcontainer.json` and what it builds from, as wishes of the project."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from contenant import files, layer_files
from contenant.core import devcontainer
from contenant.core.devcontainer import DevContainer
from contenant.core.digest import sha256_hex
from contenant.core.layer import Layer
from contenant.core.settings import Origin
from contenant.core.settings_layers import Source
from contenant.core.settings_values import Place
from contenant.errors import ConfigError

PLACE = ".devcontainer/devcontainer.json"
MAX_BYTES = 256 * 1024


class Found(NamedTuple):
    """The file as it was read."""

    path: str
    text: str
    taken: DevContainer

    @property
    def hash(self) -> str:
        """SHA-256 of its text, 64 hex digits."""
        return sha256_hex(self.text.encode())


def read(project: str, home: str) -> Found | None:
    """The project's file, None where there is none. Raises ConfigError."""
    path = f"{project}/{PLACE}"
    try:
        data = files.read(Path(path), MAX_BYTES)
        text = None if data is None else data.decode()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: {error}", hint="make it a plain file of UTF-8") from None
    if text is None:
        return None
    return Found(path, text, devcontainer.read(text, path, Place(home, project)))


def merged(source: Source, found: Found) -> Source:
    """What the project asks for by its settings and, where these say nothing, by its dev container."""
    taken, own = found.taken, source.values
    values: dict[str, Any] = {"devcontainer": True}
    if taken.env:
        values["env"] = {**taken.env, **own.get("env", {})}
    if taken.mounts:
        values["mounts"] = (*own.get("mounts", ()), *taken.mounts)
    if taken.dockerfile and "image.containerfile" not in own:
        values["image.containerfile"] = (beside(found, taken.dockerfile),)
    origins = {name: Origin(source.layer, found.path, name) for name in values}
    return source._replace(values={**own, **values}, origins={**source.origins, **origins})


def beside(found: Found, path: str) -> str:
    """A path that starts at the file's directory."""
    return os.path.normpath(f"{os.path.dirname(found.path)}/{path}")  # noqa: PTH120 - texts


def layer(found: Found, values: Mapping[str, Any], project: str) -> Layer:
    """The project's layer by the dev container's Dockerfile, on contenant's base. Nothing is raised: what is
    wrong with it is its `trouble`.
    """
    taken = found.taken
    made = layer_files.load(
        "project",
        values.get("image.packages", ()),
        beside(found, taken.dockerfile) if taken.dockerfile else "",
        (values.get("image.setup") or ("",))[-1],
        within=project,
        context=beside(found, taken.context),
        rewrite=lambda text, path: devcontainer.on_base(text, path, taken.arguments),
    )
    return made._replace(arguments=taken.arguments)


def notes(found: Found, *, replaced: bool) -> tuple[str, ...]:
    """What is left out of the file, and what stands in for its image."""
    taken = found.taken
    told = [*taken.notes]
    if replaced:
        told.append("its image is left out: the project has a Containerfile of its own")
    elif taken.image or taken.dockerfile:
        told.append(
            "contenant's base, Debian trixie with the agent and the firewall, stands in for its Debian"
        )
    return tuple(f"{found.path}: {text}" for text in told)
