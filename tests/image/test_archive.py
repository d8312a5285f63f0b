"""An image in a file: what engines write is read, what is written all can read, nothing else passes."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from contenant.errors import UsageError
from contenant.image.archive import Found, convert, look

REF = "contenant:2.1.330-0123456789ab"
LABELS = {"dev.contenant.managed": "1"}
LAYERS = (b"first layer", b"second layer")


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def config_of(labels: dict[str, str] | None = None, layers: tuple[bytes, ...] = LAYERS) -> bytes:
    rootfs = {"type": "layers", "diff_ids": [f"sha256:{sha(layer)}" for layer in layers]}
    return json.dumps(
        {"architecture": "amd64", "os": "linux", "rootfs": rootfs, "config": {"Labels": labels or LABELS}}
    ).encode()


def write(path: Path, files: dict[str, bytes], links: dict[str, str] | None = None) -> Path:
    with tarfile.open(path, "w") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
        for name, target in (links or {}).items():
            info = tarfile.TarInfo(name)
            info.type, info.linkname = tarfile.SYMTYPE, target
            tar.addfile(info)
    return path


def docker_archive(path: Path, **more: Any) -> Path:
    """As `docker save` wrote it up to 24: a layer that comes twice is a link."""
    config = config_of(layers=(*LAYERS, LAYERS[0]))
    entry = {"Config": "c.json", "RepoTags": [REF], "Layers": ["1/layer.tar", "2/layer.tar", "3/layer.tar"]}
    manifest = json.dumps([entry | more]).encode()
    files = {"manifest.json": manifest, "c.json": config, "1/layer.tar": LAYERS[0], "2/layer.tar": LAYERS[1]}
    return write(path, files, {"3/layer.tar": "../1/layer.tar"})


def oci_files(reference: str = f"docker.io/library/{REF}", **more: Any) -> dict[str, bytes]:
    """As Apple's `image save` writes it: an index within the index, an attestation beside the image."""
    config = config_of()
    manifest = json.dumps({
        "schemaVersion": 2,
        "config": {"mediaType": "c", "digest": f"sha256:{sha(config)}", "size": len(config)},
        "layers": [
            {"mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip", "digest": f"sha256:{sha(one)}",
             "size": len(one)}
            for one in LAYERS
        ],
    }).encode()  # fmt: skip
    inner = json.dumps({"manifests": [
        {"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": f"sha256:{sha(manifest)}",
         "platform": {"os": "linux", "architecture": "arm64"}},
        {"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": "sha256:none",
         "platform": {"os": "unknown", "architecture": "unknown"}},
    ]}).encode()  # fmt: skip
    top = {
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "digest": f"sha256:{sha(inner)}",
        "annotations": {"com.apple.containerization.image.name": reference},
    }
    blobs = {f"blobs/sha256/{sha(one)}": one for one in (config, manifest, inner, *LAYERS)}
    index = json.dumps({"manifests": [top | more]}).encode()
    return {"oci-layout": b"{}", "index.json": index, **blobs}


def read(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as tar:
        return {one.name: tar.extractfile(one).read() for one in tar.getmembers()}  # type: ignore[union-attr]


def check(path: Path, found: Found, layers: tuple[bytes, ...]) -> None:
    """One image, the same by both indexes, every blob under its own digest."""
    files = read(path)
    (docker,) = json.loads(files["manifest.json"])
    assert docker["RepoTags"] == [REF]
    assert [files[name] for name in docker["Layers"]] == list(layers)
    (descriptor,) = json.loads(files["index.json"])["manifests"]
    names = descriptor["annotations"]
    assert names["com.apple.containerization.image.name"] == f"docker.io/library/{REF}"
    assert names["org.opencontainers.image.ref.name"] == REF.partition(":")[2]
    manifest = json.loads(files["blobs/" + descriptor["digest"].replace(":", "/")])
    assert "blobs/" + manifest["config"]["digest"].replace(":", "/") == docker["Config"]
    assert [one["digest"] for one in manifest["layers"]] == [f"sha256:{sha(one)}" for one in layers]
    for name, content in files.items():
        if name.startswith("blobs/"):
            assert name == f"blobs/sha256/{sha(content)}"
    assert look(path)._replace(layers=()) == found._replace(layers=())
    assert look(path).labels == LABELS


def test_dockers_archive(tmp_path: Path) -> None:
    source, target = docker_archive(tmp_path / "in.tar"), tmp_path / "out.tar"
    assert look(source).reference == REF
    check(target, convert(source, target, REF), (*LAYERS, LAYERS[0]))
    again = tmp_path / "again.tar"
    convert(target, again, REF)
    assert again.read_bytes() == target.read_bytes()


def test_an_oci_layout(tmp_path: Path) -> None:
    source, target = write(tmp_path / "in.tar", oci_files()), tmp_path / "out.tar"
    assert look(source).reference == REF
    check(target, convert(source, target, REF), LAYERS)
    manifest = json.loads(read(target)["index.json"])["manifests"][0]["digest"]
    layers = json.loads(read(target)[f"blobs/{manifest.replace(':', '/')}"])["layers"]
    assert {one["mediaType"] for one in layers} == {"application/vnd.oci.image.layer.v1.tar+gzip"}


def test_podmans_name_is_its_own(tmp_path: Path) -> None:
    assert look(docker_archive(tmp_path / "in.tar", RepoTags=[f"localhost/{REF}"])).reference == REF


def test_two_indexes_that_do_not_agree_are_refused(tmp_path: Path) -> None:
    """docker would load the one image, Apple's engine the other."""
    files = oci_files()
    other = config_of({"dev.contenant.managed": "2"})
    entry = {"Config": "c.json", "RepoTags": [REF], "Layers": [f"blobs/sha256/{sha(one)}" for one in LAYERS]}
    files |= {"c.json": other, "manifest.json": json.dumps([entry]).encode()}
    with pytest.raises(UsageError, match="different images"):
        look(write(tmp_path / "in.tar", files))


def test_a_layer_that_is_not_what_it_is_called_is_refused(tmp_path: Path) -> None:
    files = oci_files() | {f"blobs/sha256/{sha(LAYERS[0])}": b"other bytes"}
    with pytest.raises(UsageError, match="is not what it is said to be"):
        convert(write(tmp_path / "in.tar", files), tmp_path / "out.tar", REF)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"manifest.json": b"[]"}, "0 images"),
        ({"manifest.json": b"{"}, "cannot be read"),
        ({"manifest.json": b"[{}]"}, "cannot be read"),
        ({"manifest.json": b"[1]"}, "cannot be read"),
        ({"c.json": b"{}"}, "cannot be read"),
        ({"c.json": b" " * (5 << 20)}, "too large"),
    ],
)
def test_an_archive_that_is_wrong_is_refused(tmp_path: Path, change: dict[str, bytes], why: str) -> None:
    entry = {"Config": "c.json", "RepoTags": [REF], "Layers": ["1", "2"]}
    good = {"manifest.json": json.dumps([entry]).encode(), "c.json": config_of(), "1": LAYERS[0]}
    with pytest.raises(UsageError, match=why):
        look(write(tmp_path / "in.tar", good | {"2": LAYERS[1]} | change))


def test_two_images_or_names_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="2 names"):
        look(docker_archive(tmp_path / "in.tar", RepoTags=[REF, "debian:latest"]))


@pytest.mark.parametrize("links", [{"c.json": "c.json"}, {"c.json": "../../etc/passwd"}])
def test_links_that_lead_nowhere_are_refused(tmp_path: Path, links: dict[str, str]) -> None:
    manifest = json.dumps([{"Config": "c.json", "RepoTags": [REF], "Layers": []}]).encode()
    with pytest.raises(UsageError):
        look(write(tmp_path / "in.tar", {"manifest.json": manifest}, links))


@pytest.mark.parametrize("content", [b"", b"no archive at all" * 100, b"\0" * 20480])
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "in.tar").write_bytes(content)
    with pytest.raises(UsageError, match="not an image in a file"):
        look(tmp_path / "in.tar")


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no file"):
        look(tmp_path / "none.tar")
    with pytest.raises(UsageError, match="it is a directory"):
        look(tmp_path)
