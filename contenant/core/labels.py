"""Identity labels on every object contenant makes, and the encoding of their values.

Apple's `container` splits labels at each "=", docker's `ps` joins them with ",": a value therefore
holds neither. Values are percent-encoded over their file-system bytes, readable for ordinary paths.
"""

from __future__ import annotations

from collections.abc import Mapping

PREFIX = "dev.contenant."
MANAGED = PREFIX + "managed"  # "1" on everything that is ours
HOST = PREFIX + "host"  # machine id of the host that made it
PROJECT = PREFIX + "project"  # canonical project path
VARIANT = PREFIX + "variant"  # what a further container of the project is called; its first has none
CONTAINER = PREFIX + "container"  # our container id
IMAGE = PREFIX + "image"  # image tag it was made from
SPEC = PREFIX + "spec"  # spec hash
POLICY = PREFIX + "policy"  # policy hash in force at creation
VERSION = PREFIX + "version"  # contenant version
ENGINE = PREFIX + "engine"  # engine version at creation
RECIPE = PREFIX + "recipe"  # image: hash of every build input
LAYER = PREFIX + "layer"  # image: base, user or project
CLAUDE = PREFIX + "claude"  # image: Claude Code version
BASE_ORIGIN = PREFIX + "base-origin"  # image: local, pulled or bootstrapped
SNAPSHOT = PREFIX + "snapshot"  # image: moment of the package index a bootstrapped base was made from
INTEGRITY = PREFIX + "integrity"  # image: npm integrity of Claude Code's package
INPUTS = PREFIX + "inputs"  # image: canonical JSON, path of each input -> its SHA-256
# A container has its image's labels, too; these say nothing about a container, and one of them is long.
OF_IMAGES = frozenset({SNAPSHOT, INTEGRITY, INPUTS})

_PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._/:@+")


def encode(value: str) -> str:
    """Percent-encode a label value; undone by `decode`. Undecodable file names survive (PEP 383)."""
    raw = value.encode("utf-8", "surrogateescape")
    return "".join(chr(byte) if byte in _PLAIN else f"%{byte:02X}" for byte in raw)


def decode(value: str) -> str:
    """Undo `encode`. A stray "%" is kept as it stands, since a foreign tool may have written it."""
    raw, position = bytearray(), 0
    while position < len(value):
        code = value[position + 1 : position + 3]
        if value[position] == "%" and len(code) == 2 and all(c in "0123456789abcdefABCDEF" for c in code):
            raw.append(int(code, 16))
            position += 3
        else:
            raw += value[position].encode("utf-8", "surrogateescape")
            position += 1
    return raw.decode("utf-8", "surrogateescape")


def is_ours(labels: Mapping[str, str]) -> bool:
    """Whether a container bears contenant's marks. Nothing without them is ever changed or removed.

    The managed mark alone is not enough: a container that somebody made of our image inherits it.
    """
    return labels.get(MANAGED) == "1" and bool(labels.get(HOST)) and bool(labels.get(CONTAINER))
