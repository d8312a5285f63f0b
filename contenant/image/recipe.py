"""The recipe: every input that decides what is in an image -> one hash -> the image's tag.

Not part of it, though a build uses them: which way the base image came, the host's package mirrors and proxy,
and whether npm on the host or in the build fetched Claude Code (its integrity is pinned). So two machines
with the same settings agree on the tag.
"""

import hashlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from contenant.core.chain import canonical
from contenant.errors import ConfigError
from contenant.image.certificates import Certificate, extra
from contenant.image.lock import Lock, read_lock
from contenant.image.versions import lock_text
from contenant.paths import asset

NAME = "contenant"
BASE = "docker.io/library/debian:trixie-slim"
_FORM = 1  # to be counted up when the same inputs begin to mean another image
_MACHINES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
_CACHES = frozenset({"__pycache__", "ruff.toml"})


class File(NamedTuple):
    """One file of the context."""

    content: bytes
    executable: bool


class Recipe(NamedTuple):
    """What an image is made of."""

    tag: str  # reference: `contenant:<claude version>-<first 12 digits of the hash>`
    hash: str  # SHA-256, 64 hex digits
    layer: str  # base; snippets of the user's and the project's come on top of it
    base: str  # the base image that is wanted; of a layer, the image it lies on
    architecture: str  # Debian's name
    lock: Lock
    files: Mapping[str, File]  # by path in the context
    certificates: tuple[Certificate, ...]
    dockerfile: str = "Dockerfile"  # its path in the context
    arguments: Mapping[str, str] = {}  # of a layer
    needs: tuple[str, ...] = ()  # other images that a layer's stages start from or copy from

    def build_args(self) -> dict[str, str]:
        """The build arguments that change what comes out."""
        return {"ARCH": self.architecture} if self.layer == "base" else dict(self.arguments)


def compose(
    files: Mapping[str, File], certificates: Iterable[Certificate], *, base: str, architecture: str
) -> Recipe:
    """The recipe of these inputs. Pure. Raises ImageBuildError when the lock cannot be read."""
    lock = read_lock(files["claude.lock"].content.decode("utf-8", "replace"))
    certificates = tuple(sorted(certificates))
    inputs: dict[str, Any] = {
        "form": _FORM,
        "layer": "base",
        "base": base,
        "architecture": architecture,
        "certificates": [one.fingerprint for one in certificates],
        "files": {
            path: [file.executable, hashlib.sha256(file.content).hexdigest()] for path, file in files.items()
        },
    }
    digest = hashlib.sha256(canonical(inputs).encode("ascii")).hexdigest()
    tag = f"{NAME}:{lock.version}-{digest[:12]}"
    return Recipe(tag, digest, "base", base, architecture, lock, files, certificates)


def read_files(folder: Path) -> dict[str, File]:
    """The shipped files below `folder`, by relative path. A file is executable when it begins with `#!`."""
    found = {}
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if _belongs(name)]
        for name in filter(_belongs, names):
            path = Path(place, name)
            content = path.read_bytes()
            found[path.relative_to(folder).as_posix()] = File(content, content.startswith(b"#!"))
    return found


def _belongs(name: str) -> bool:
    return name not in _CACHES and not name.startswith(".") and not name.endswith((".pyc", "~"))


def architecture(machine: str) -> str:
    """Debian's name of a machine type as `uname -m` gives it. Raises ConfigError where there is no agent."""
    if machine not in _MACHINES:
        raise ConfigError(
            f"there is no Claude Code for Linux on {machine}", hint="amd64 and arm64 are served"
        )
    return _MACHINES[machine]


def current(settings: Any) -> Recipe:
    """The recipe that this installation, these settings (`ca_certificates`, `claude_version`) and the
    environment ask for.

    Reads a few dozen small files. Raises ConfigError for a configured certificate that cannot be read,
    UnpinnedError for a version of the agent that the registry was not asked about yet.
    """
    files = read_files(asset("image"))
    lock = lock_text(settings, files["claude.lock"].content.decode("utf-8", "replace"))
    return compose(
        files | {"claude.lock": File(lock.encode(), False)},
        extra(settings.ca_certificates, os.environ),
        base=BASE,
        architecture=architecture(os.uname().machine),
    )
