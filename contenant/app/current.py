"""The image that new containers are made from, by the hash of its inputs. What a list has to know of it."""

from contenant.core.settings import Settings
from contenant.core.versions import is_unpinned, tagged_version


def current_image(settings: Settings) -> str:
    """The reference of the image that new containers are made from, by the hash of its inputs."""
    from contenant.image.recipe import current

    return _with_layers(current(settings).tag, settings)


def kept_image(settings: Settings) -> str:
    """`current_image`, hashed only when an input changed, and then kept in the cache directory."""
    from contenant.image.tag import current_tag

    tag = current_tag(settings)
    return _with_layers(tag, settings) if settings.layers else tag


def _with_layers(base: str, settings: Settings) -> str:
    """The reference of the highest layer: its bytes were read with the settings. Raises ConfigError."""
    from contenant.core.layer import check, top_tag

    check(settings.layers)
    if is_unpinned(base):
        return base
    return top_tag(base, settings.layers)


def current_version(settings: Settings) -> str:
    """The agent's version in that image, `2.1.330`."""
    return tagged_version(kept_image(settings))
