"""Reads what a layer of the image is made of, whole and once: the bytes that are hashed are what is built.

Of the directory that a Containerfile is in, only what its COPY and ADD name is read. So nothing else can get
into the image or change its hash, and there is no list of exceptions to keep.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from contenant import files
from contenant.core.containerfile import read as read_containerfile
from contenant.core.digest import sha256_hex
from contenant.core.layer import Kind, Layer, LayerFile, content_hash
from contenant.core.settings import Settings
from contenant.errors import ConfigError

MAX_TEXT = 12 * 1024  # bytes: with what the build adds, Apple's builder takes 16 KiB
MAX_TOTAL = 32 * 1024 * 1024  # bytes that one layer copies
MAX_FILES = 2000


def chain(settings: Settings, project: Layer | None) -> tuple[Layer, ...]:
    """The user's layer, of what no project asked for, and on it the project's, each where there is one."""
    values = {
        f"image.{name}": tuple(
            item
            for item, origin in zip(getattr(settings, name), settings.origins[f"image.{name}"], strict=True)
            if origin.layer != "project"
        )
        for name in ("packages", "setup", "containerfile")
    }
    own = of_values("user", values) if any(values.values()) else None
    if (
        project is not None and own is not None
    ):  # what the user's layer holds already is no matter of the project's
        packages = tuple(package for package in project.packages if package not in own.packages)
        project = project._replace(packages=packages)
    return tuple(filter(None, (own, project)))


def of_values(kind: Kind, values: Mapping[str, Any], *, within: str = "") -> Layer:
    """The layer that settings of one owner ask for; of a file or script the last one given."""
    files, scripts = values.get("image.containerfile", ()), values.get("image.setup", ())
    file, script = (files or ("",))[-1], (scripts or ("",))[-1]
    return load(kind, values.get("image.packages", ()), file, script, within=within)


def trust_hash(settings: str, layer: Layer) -> str:
    """What trust in a project with a layer is bound to: its settings, by hash, and all of its layer."""
    return sha256_hex(f"{settings}\n{content_hash(layer)}".encode())


def load(
    kind: Kind,
    packages: Sequence[str],
    containerfile: str,
    setup: str,
    *,
    within: str = "",
    context: str = "",
    rewrite: Callable[[str, str], str] = lambda text, path: text,
) -> Layer:
    """The layer. What is wrong with it is in its `trouble`, for whoever wants to build it.

    `within`: a directory that nothing may lead out of, by a link or otherwise; "" where links are followed.
    `context`: the directory that is copied from, "" for the Containerfile's own. `rewrite` makes of the
    file's text, and its path, the one that is built.
    """
    layer = Layer(kind, tuple(packages), containerfile=containerfile, setup=setup)
    reader = _Reader(within)
    try:
        if setup:
            layer = layer._replace(script=reader.read(setup, MAX_TOTAL).content)
        if containerfile:
            layer = layer._replace(text=rewrite(reader.text(containerfile), containerfile))
            layer = layer._replace(files=reader.sources(layer, context))
    except ConfigError as error:
        layer = layer._replace(trouble=error.message, hint=error.hint)
    return layer


class _Reader:
    """Files of one layer, counted."""

    def __init__(self, within: str) -> None:
        self._within = within and os.path.realpath(within)
        self._left = MAX_TOTAL
        self._count = 0

    def text(self, path: str) -> str:
        content = self.read(path, MAX_TEXT).content
        try:
            return content.decode()
        except UnicodeDecodeError as error:
            raise ConfigError(f"{path}: not UTF-8: {error.reason}", hint="save it as UTF-8") from None

    def read(self, path: str, limit: int) -> LayerFile:
        """One plain file. Raises ConfigError."""
        self._check(path)
        try:
            content = files.read(Path(path), limit, follow=not self._within)
            executable = bool(os.stat(path).st_mode & 0o100) if content is not None else False  # noqa: PTH116
        except OSError as error:
            raise ConfigError(
                f"{path}: {error.strerror}", hint="make it a plain file that can be read"
            ) from None
        if content is None:
            raise ConfigError(f"{path}: there is no such file", hint="make it, or take the setting away")
        self._left -= len(content)
        self._count += 1
        if self._left < 0 or self._count > MAX_FILES:
            raise ConfigError(
                f"{path}: a layer copies at most {MAX_FILES} files of {MAX_TOTAL // 1024**2} MiB in all",
                hint="copy less, or fetch it by RUN",
            )
        return LayerFile(content, executable)

    def sources(self, layer: Layer, context: str) -> dict[str, LayerFile]:
        """What the Containerfile copies. Raises ConfigError, naming its line for what it may not say."""
        wanted = read_containerfile(layer.text, layer.containerfile).sources
        place = context or os.path.dirname(layer.containerfile)  # noqa: PTH120
        return {
            os.path.relpath(path, place): self.read(path, MAX_TOTAL)
            for source in wanted
            for path in self._below(os.path.normpath(f"{place}/{source}"))
        }

    def _below(self, path: str) -> Iterator[str]:
        self._check(path)
        if not os.path.isdir(path):  # noqa: PTH112
            yield path
            return
        for place, folders, names in os.walk(path):
            folders.sort()
            linked = [name for name in folders if os.path.islink(f"{place}/{name}")]  # noqa: PTH114
            yield from (f"{place}/{name}" for name in sorted([*names, *linked]))

    def _check(self, path: str) -> None:
        real = os.path.realpath(path)
        if self._within and real != self._within and not real.startswith(f"{self._within}/"):
            raise ConfigError(
                f"{path} leads out of the project", hint="a project's layer is made of its own files"
            )
