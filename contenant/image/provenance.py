"""Where an image comes from, as its labels and its record say it. Pure."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from contenant.core import labels
from contenant.core.chain import canonical
from contenant.image import lock
from contenant.image.lock import PLATFORMS

if TYPE_CHECKING:
    from contenant.image.base import Base
    from contenant.image.recipe import Recipe

# https://github.com/opencontainers/image-spec/blob/main/annotations.md
_OCI = "org.opencontainers.image."


def inputs(recipe: Recipe) -> dict[str, str]:
    """Every input of a recipe by its path in the build context -> its SHA-256, 64 hex digits.

    A certificate stands under its name in the context, with its fingerprint.
    """
    files = {path: hashlib.sha256(file.content).hexdigest() for path, file in recipe.files.items()}
    certificates = {f"ca/{one.fingerprint[:16]}.crt": one.fingerprint for one in recipe.certificates}
    return files | certificates


def integrity(recipe: Recipe) -> str:
    """What npm says of Claude Code's package for the recipe's architecture, `sha512-<base64>`."""
    return lock.integrity(recipe.lock.sha512[PLATFORMS[recipe.architecture]])


def image_labels(recipe: Recipe, base: Base, created: str) -> dict[str, str]:
    """All labels of an image built at the moment `created`, encoded."""
    own = {
        labels.MANAGED: "1",
        labels.RECIPE: recipe.hash,
        labels.LAYER: recipe.layer,
        labels.CLAUDE: recipe.lock.version,
        labels.BASE_ORIGIN: base.origin,
        labels.SNAPSHOT: base.snapshot,
        labels.INTEGRITY: integrity(recipe),
        labels.INPUTS: canonical(inputs(recipe)),
    }
    common = {
        f"{_OCI}created": created,
        f"{_OCI}version": recipe.lock.version,
        f"{_OCI}base.name": base.reference,
        f"{_OCI}base.digest": base.digest,
    }
    return {name: labels.encode(value) for name, value in (own | common).items() if value}
