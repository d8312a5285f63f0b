"""An image in a file that every engine can load.

Engines write different archives: podman and docker docker's own (`manifest.json`), Apple's and newer dockers
an OCI layout (`index.json`). What is written here is both at once over the same blobs, as docker has done
since 25: docker before that reads the one, Apple's the other, podman either.

https://github.com/opencontainers/image-spec/blob/main/image-layout.md
https://github.com/moby/docker-image-spec
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple

from contenant.errors import StateError, UsageError

_SMALL = 4 * 1024 * 1024  # bytes: an index, a manifest or a configuration is smaller
_CHUNK = 1024 * 1024
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_INDEX = "application/vnd.oci.image.index.v1+json"
_CONFIG = "application/vnd.oci.image.config.v1+json"
_LAYER = "application/vnd.oci.image.layer.v1.tar"
_NAMES = ("com.apple.containerization.image.name", "io.containerd.image.name")
_REF = "org.opencontainers.image.ref.name"


class Layer(NamedTuple):
    """A layer's place in the archive that is read, and what it is called in the one that is written."""

    member: str
    size: int
    digest: str  # sha256:… of its bytes
    media_type: str


class Found(NamedTuple):
    """The one image of an archive."""

    reference: str  # as the archive names it, without a registry; "" where it has no name
    config: bytes
    layers: tuple[Layer, ...]

    @property
    def labels(self) -> Mapping[str, str]:
        """The image's labels, still encoded."""
        found: Mapping[str, str] = (json.loads(self.config).get("config") or {}).get("Labels") or {}
        return found

    @property
    def size(self) -> int:
        """Bytes of all layers, as they are in the archive."""
        return sum(layer.size for layer in self.layers)


def look(path: Path) -> Found:
    """The image in an archive of any engine. Raises UsageError where it is none, or holds several images."""
    with _opened(path) as tar:
        return _Reader(tar, path).found()


def convert(source: Path, target: Path, reference: str) -> Found:
    """Write the image of an engine's archive so that every engine can load it under `reference`.

    Raises UsageError for an archive that cannot be read, StateError where the target cannot be written.
    """
    with _opened(source) as tar:
        found = _Reader(tar, source).found()
        try:
            with tarfile.open(target, "w") as out:
                _write(out, tar, found, reference)
        except OSError as error:
            raise StateError(f"cannot write {target}: {error.strerror}", hint="make room there") from error
    return found._replace(reference=reference)


@contextmanager
def _opened(path: Path) -> Iterator[tarfile.TarFile]:
    try:
        with tarfile.open(path, "r:") as tar:
            yield tar
    except (tarfile.TarError, EOFError) as error:
        raise _no_image(path, str(error)) from error
    except FileNotFoundError:
        raise UsageError(f"there is no file {path}", hint="`contenant image save` makes one") from None
    except IsADirectoryError:
        raise _no_image(path, "it is a directory") from None
    except PermissionError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from None


def _no_image(path: Path, why: str) -> UsageError:
    return UsageError(
        f"{path} is not an image in a file: {why}",
        hint="`contenant image save` and the engines' save make one",
    )


class _Reader:
    """Reads one archive; what is not as it must be raises UsageError."""

    def __init__(self, tar: tarfile.TarFile, path: Path) -> None:
        self._tar = tar
        self._path = path

    def found(self) -> Found:
        names = set(self._tar.getnames())
        try:
            if "manifest.json" in names:
                image = self._docker(names)
                if "index.json" in names:
                    self._must_agree(image)
                return image
            if "index.json" in names:
                return self._oci()
        except (KeyError, ValueError, TypeError, AttributeError, IndexError) as error:
            raise _no_image(self._path, f"it cannot be read ({error})") from error
        raise _no_image(self._path, "it holds neither manifest.json nor index.json")

    def _docker(self, names: set[str]) -> Found:
        (entry,) = self._one(json.loads(self._bytes("manifest.json")))
        config = self._bytes(entry["Config"])
        digests = json.loads(config)["rootfs"]["diff_ids"]
        layers = [
            self._layer(member, digest) for member, digest in zip(entry["Layers"], digests, strict=True)
        ]
        reference = self._only_name(entry.get("RepoTags") or [])
        return Found(reference, config, tuple(layers))

    def _layer(self, member: str, digest: str) -> Layer:
        """A layer of docker's archive: an uncompressed one is called by what the configuration calls it."""
        if member.startswith("blobs/"):  # named by its own digest, compressed or not
            own = member.removeprefix("blobs/").replace("/", ":")
            return Layer(member, self._size(member), own, _LAYER if own == digest else f"{_LAYER}+gzip")
        return Layer(member, self._size(member), digest, _LAYER)

    def _oci(self) -> Found:
        descriptor = self._descriptor()
        manifest = self._blob(descriptor["digest"])
        layers = tuple(
            Layer(
                _place(one["digest"]),
                self._size(_place(one["digest"])),
                one["digest"],
                _own(one["mediaType"]),
            )
            for one in manifest["layers"]
        )
        annotations = descriptor.get("annotations") or {}
        names = [annotations[key] for key in (*_NAMES, _REF) if annotations.get(key)]
        return Found(self._only_name(names[:1]), self._bytes(_place(manifest["config"]["digest"])), layers)

    def _descriptor(self) -> dict[str, Any]:
        """The one image's, through nested indexes; an attestation, of an unknown platform, is no image."""
        top = descriptor = self._one(json.loads(self._bytes("index.json"))["manifests"])[0]
        for _ in range(3):
            if "index" not in descriptor.get("mediaType", "") and "list" not in descriptor.get(
                "mediaType", ""
            ):
                break
            inner = self._blob(descriptor["digest"])["manifests"]
            descriptor = self._one([m for m in inner if (m.get("platform") or {}).get("os") != "unknown"])[0]
        return {**descriptor, "annotations": top.get("annotations")}

    def _must_agree(self, image: Found) -> None:
        """Engines read the one index or the other: they must not get two different images."""
        digest = self._blob(self._descriptor()["digest"])["config"]["digest"]
        if digest != _digest(image.config):
            raise _no_image(self._path, "its two indexes name different images")

    def _one(self, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if len(items) != 1:
            raise _no_image(self._path, f"it holds {len(items)} images")
        return items

    def _only_name(self, names: list[str]) -> str:
        from contenant.engines.options import own_name

        if len(names) > 1:
            raise _no_image(self._path, f"its image has {len(names)} names")
        return own_name(names[0]) if names else ""

    def _blob(self, digest: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self._bytes(_place(digest)))
        return found

    def _size(self, member: str) -> int:
        return self._real(member).size

    def _real(self, member: str) -> tarfile.TarInfo:
        """A file of the archive; docker writes a layer that comes twice as a link."""
        info = self._tar.getmember(member)
        if info.issym():
            parts = [*member.split("/")[:-1], *info.linkname.split("/")]
            plain: list[str] = []
            for part in parts:
                plain = plain[:-1] if part == ".." else [*plain, part]
            info = self._tar.getmember("/".join(plain))
        if not info.isfile():
            raise _no_image(self._path, f"{member} is no file")
        return info

    def _bytes(self, member: str) -> bytes:
        info = self._real(member)
        if info.size > _SMALL:
            raise _no_image(self._path, f"{member} is too large")
        file = self._tar.extractfile(info)
        assert file is not None  # it is a file
        return file.read()


def _write(out: tarfile.TarFile, tar: tarfile.TarFile, found: Found, reference: str) -> None:
    layers = [{"mediaType": one.media_type, "digest": one.digest, "size": one.size} for one in found.layers]
    config = {"mediaType": _CONFIG, "digest": _digest(found.config), "size": len(found.config)}
    manifest = _json({"schemaVersion": 2, "mediaType": _MANIFEST, "config": config, "layers": layers})
    names = dict.fromkeys(_NAMES, f"docker.io/library/{reference}") | {_REF: reference.rpartition(":")[2]}
    descriptor = {"mediaType": _MANIFEST, "digest": _digest(manifest), "size": len(manifest)}
    index = {"schemaVersion": 2, "mediaType": _INDEX, "manifests": [{**descriptor, "annotations": names}]}
    docker = {
        "Config": _place(_digest(found.config)),
        "RepoTags": [reference],
        "Layers": [_place(one.digest) for one in found.layers],
    }
    _add(out, "oci-layout", _json({"imageLayoutVersion": "1.0.0"}))
    _add(out, "index.json", _json(index))
    _add(out, "manifest.json", _json([docker]))
    _add(out, _place(_digest(manifest)), manifest)
    _add(out, _place(_digest(found.config)), found.config)
    reader = _Reader(tar, Path(str(tar.name)))
    for layer in {layer.digest: layer for layer in found.layers}.values():
        _copy(out, tar, reader._real(layer.member), layer)


def _copy(out: tarfile.TarFile, tar: tarfile.TarFile, member: tarfile.TarInfo, layer: Layer) -> None:
    """A layer as it is, its digest proven on the way."""
    source = tar.extractfile(member)
    assert source is not None  # it is a file
    checked = _Hashing(source)
    out.addfile(_header(_place(layer.digest), layer.size), checked)
    if f"sha256:{checked.hash.hexdigest()}" != layer.digest:
        raise UsageError(
            f"the layer {layer.member} is not what it is said to be", hint="save the image again"
        )


class _Hashing:
    """A stream that adds up what is read."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.hash = hashlib.sha256()

    def read(self, size: int = _CHUNK) -> bytes:
        data = self._stream.read(size)
        self.hash.update(data)
        return data


def _add(out: tarfile.TarFile, name: str, content: bytes) -> None:
    out.addfile(_header(name, len(content)), io.BytesIO(content))


def _header(name: str, size: int) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, 0o644
    return info


def _own(media_type: str) -> str:
    """docker's names of layers as OCI's."""
    return f"{_LAYER}+gzip" if media_type.endswith("gzip") else media_type if "oci" in media_type else _LAYER


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _place(digest: str) -> str:
    return f"blobs/{digest.replace(':', '/')}"
