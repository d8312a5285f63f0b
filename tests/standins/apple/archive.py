"""OCI archives: what `image load` takes and `image save` makes. A docker archive is none and is refused."""

from __future__ import annotations

import json
import shutil
import tarfile
from pathlib import Path, PurePosixPath
from typing import Any

from .call import Call
from .errors import AppleError
from .podman import PodmanError

KEYS = (
    "com.apple.containerization.image.name",
    "io.containerd.image.name",
    "org.opencontainers.image.ref.name",
)
INDEXES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)


def blob(layout: Path, digest: str) -> Path:
    """Where a blob lies in a layout."""
    return layout / "blobs" / digest.replace(":", "/")


def acceptable(member: tarfile.TarInfo) -> bool:
    """Whether the extraction takes the member: relative, within, a file or a directory."""
    path = PurePosixPath(member.name)
    return not path.is_absolute() and ".." not in path.parts and (member.isfile() or member.isdir())


def unpack(tarball: Path, layout: Path, force: bool) -> list[str]:
    """Extract an archive and check that it is an OCI layout; the rejected members. Raises AppleError."""
    layout.mkdir(parents=True, exist_ok=True)
    try:
        with tarfile.open(tarball) as tar:
            members = tar.getmembers()
            rejected = [member.name for member in members if not acceptable(member)]
            if rejected and not force:
                raise AppleError(f"cannot load tar image with rejected paths: {json.dumps(rejected)}")
            tar.extractall(layout, [member for member in members if acceptable(member)])
    except tarfile.TarError as error:
        raise AppleError(f"failed to open archive {tarball}: {error}", "internalError") from error
    if not (layout / "oci-layout").exists():
        raise AppleError(str(layout / "oci-layout"), "notFound")
    if not (layout / "index.json").exists():
        raise AppleError(str(layout / "index.json"), "notFound")
    return rejected


def manifests(layout: Path) -> list[dict[str, Any]]:
    """The descriptors of a layout's index. Raises AppleError when there is none."""
    found: list[dict[str, Any]] = json.loads((layout / "index.json").read_text()).get("manifests") or []
    if not found:
        raise AppleError("Failed to import image", "internalError")
    return found


def name_of(descriptor: dict[str, Any]) -> str:
    """The reference an image is loaded under, from its annotations, verbatim."""
    annotations = descriptor.get("annotations") or {}
    return next(
        (annotations[key] for key in KEYS if annotations.get(key)), f"untagged@{descriptor['digest']}"
    )


def single(layout: Path, descriptor: dict[str, Any]) -> dict[str, Any]:
    """The manifest for this host, through nested indexes."""
    while descriptor.get("mediaType") in INDEXES:
        inner = json.loads(blob(layout, descriptor["digest"]).read_text())["manifests"]
        usable = [one for one in inner if (one.get("platform") or {}).get("os") != "unknown"]
        descriptor = usable[0]
    return {key: descriptor[key] for key in ("mediaType", "digest", "size") if key in descriptor}


def into_podman(call: Call, layout: Path, descriptor: dict[str, Any], number: int) -> None:
    """Give podman the image under our own tag; no other name in its store is touched. Raises AppleError."""
    name = f"acs-{call.podman.scope}-load-{number}"
    place = layout.parent / name
    place.mkdir()
    for part in ("oci-layout", "blobs"):
        (place / part).symlink_to(layout / part)
    index = {"schemaVersion": 2, "manifests": [single(layout, descriptor)]}
    (place / "index.json").write_text(json.dumps(index))
    try:
        call.podman.run("load", "--quiet", "--input", name, cwd=place.parent)
        loaded = f"localhost/{name}:latest"
        identifier = call.podman.json("image", "inspect", loaded)[0]["Id"]
        call.podman.run("tag", identifier, call.podman.image(number))
        call.podman.run("untag", identifier, loaded)
    except PodmanError as error:
        raise AppleError(f"Failed to import image: {error.text}", "internalError") from error
    finally:
        shutil.rmtree(place)


def save(call: Call, images: list[dict[str, Any]], scratch: Path) -> Path:
    """An OCI archive of the images, each annotated with its Apple name; its path. Raises AppleError."""
    layout = scratch / "layout"
    (layout / "blobs").mkdir(parents=True)
    descriptors = []
    for image in images:
        one = scratch / f"image-{image['number']}"
        tag = call.podman.image(image["number"])
        try:
            call.podman.run("save", "--quiet", "--format", "oci-dir", "--output", str(one), tag)
        except PodmanError as error:
            raise AppleError(f"failed to save {image['reference']}: {error.text}", "internalError") from error
        shutil.copytree(one / "blobs", layout / "blobs", dirs_exist_ok=True)
        descriptor = manifests(one)[0]
        descriptors.append({**descriptor, "annotations": dict.fromkeys(KEYS, image["reference"])})
    (layout / "oci-layout").write_text(json.dumps({"imageLayoutVersion": "1.0.0"}))
    (layout / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": descriptors}))
    path = scratch / "image.tar"
    with tarfile.open(path, "w") as tar:
        for part in ("oci-layout", "index.json", "blobs"):
            tar.add(layout / part, part)
    return path
