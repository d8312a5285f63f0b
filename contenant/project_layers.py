"""What a project asks for besides its settings: a layer of the image, and a dev container's file."""

from typing import TYPE_CHECKING

from contenant import devcontainer_files, layer_files
from contenant.core.devcontainer import check_image
from contenant.core.layer import Layer
from contenant.core.settings import Settings

if TYPE_CHECKING:
    from contenant.config import ProjectAsks

_PARTS = ("image.packages", "image.setup", "image.containerfile")


def complete(asks: "ProjectAsks", project: str, home: str, *, devcontainer: bool) -> "ProjectAsks":
    """The same with the layer, and with the dev container's file where that is wanted; the hash covers both.

    Raises ConfigError.
    """
    own, found = asks.source.values, None
    if devcontainer or own.get("devcontainer"):
        found = devcontainer_files.read(project, home)
    if found is not None:
        asks = asks._replace(source=devcontainer_files.merged(asks.source, found), devcontainer=found)
    values, layer = asks.source.values, None
    if found is not None and "image.containerfile" not in own:
        layer = devcontainer_files.layer(found, values, project)
    elif any(values.get(name) for name in _PARTS):
        layer = layer_files.of_values("project", values, within=project)
    if layer is not None and not layer.parts():
        layer = None
    asks = asks._replace(layer=layer)
    return asks._replace(hash=trust_hash(asks.hash, asks)) if layer or found else asks


def trust_hash(settings: str, asks: "ProjectAsks") -> str:
    """What trust is bound to: the settings, by hash, and the bytes of all else that was read."""
    if asks.devcontainer is not None:
        settings = f"{settings}\n{asks.devcontainer.hash}"
    return layer_files.trust_hash(settings, asks.layer or Layer("project"))


def with_devcontainer(settings: Settings, asks: "ProjectAsks", found: devcontainer_files.Found) -> Settings:
    """The settings of a project whose dev container's file is trusted. Raises ConfigError for an image that
    contenant's base cannot stand in for.
    """
    taken, origin = found.taken, asks.source.origins.get("image.containerfile")
    replaced = origin is not None and origin.source != found.path
    if taken.image and not replaced:
        check_image(taken.image, f"{found.path}:image")
    notes = devcontainer_files.notes(found, replaced=replaced)
    return settings._replace(post_create=taken.post_create, notes=notes)
