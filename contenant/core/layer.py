"""A layer that the user or a project adds to the image: what it is made of, read whole. Pure."""

from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

from contenant.core.chain import canonical
from contenant.core.digest import sha256_hex
from contenant.errors import ConfigError

Kind = Literal["user", "project"]
_FORM = 1  # to be counted up when the same layer begins to mean another image


class LayerFile(NamedTuple):
    """One file that a layer copies from the host."""

    content: bytes
    executable: bool


class Layer(NamedTuple):
    """Every byte that a layer is built from, so that what was hashed and trusted is what is built."""

    kind: Kind
    packages: tuple[str, ...] = ()
    containerfile: str = ""  # absolute path, "" for none
    text: str = ""  # of the Containerfile
    setup: str = ""  # absolute path of the script, "" for none
    script: bytes = b""
    files: Mapping[str, LayerFile] = {}  # what COPY and ADD name, by path from the Containerfile's directory
    arguments: Mapping[str, str] = {}  # build arguments
    trouble: str = ""  # why it cannot be built, with file and line
    hint: str = ""

    def parts(self) -> tuple[str, ...]:
        """What it is made of, for people."""
        packages = (f"packages {', '.join(self.packages)}",) if self.packages else ()
        return (*packages, *filter(None, (self.containerfile, self.setup)))


def content_hash(layer: Layer) -> str:
    """SHA-256, 64 hex digits, of all that decides what the layer adds, and of nothing else."""
    files = {path: [file.executable, sha256_hex(file.content)] for path, file in sorted(layer.files.items())}
    return sha256_hex(
        canonical(
            {
                "packages": list(layer.packages),
                "text": layer.text,
                "script": sha256_hex(layer.script) if layer.setup else "",
                "files": files,
                "arguments": dict(layer.arguments),
                "trouble": layer.trouble,
            }
        ).encode("ascii")
    )


def layer_hash(parent: str, layer: Layer) -> str:
    """SHA-256, 64 hex digits, of the layer on its parent, whose reference holds the hash of all below."""
    inputs = {"form": _FORM, "layer": layer.kind, "parent": parent, "content": content_hash(layer)}
    return sha256_hex(canonical(inputs).encode("ascii"))


def layer_tag(parent: str, layer: Layer) -> str:
    """The layer's reference: `contenant:<claude version>-user-<12 digits of the hash>`."""
    name, _, rest = parent.rpartition(":")
    version = rest.rpartition("-")[0].removesuffix("-user")
    return f"{name}:{version}-{layer.kind}-{layer_hash(parent, layer)[:12]}"


def check(layers: Iterable[Layer]) -> None:
    """Raise ConfigError for the first layer that cannot be built."""
    for layer in layers:
        if layer.trouble:
            raise ConfigError(layer.trouble, hint=layer.hint)


def tags(base: str, layers: Iterable[Layer]) -> tuple[str, ...]:
    """The base's reference and that of each layer on it, the lowest first."""
    found = [base]
    for layer in layers:
        found.append(layer_tag(found[-1], layer))
    return tuple(found)


def top_tag(base: str, layers: Iterable[Layer]) -> str:
    """The reference of the highest layer on the base's reference; the base's own where there is none."""
    return tags(base, layers)[-1]
