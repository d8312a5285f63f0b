"""image list, inspect, delete, tag, pull, push, save, load, prune: Apple's names over podman's images.

Every image of ours has a number; its podman tag is made of the number, its Apple names live in the state.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

from . import archive, refs
from .call import Call, complain, say
from .encode import iso, render, to_json
from .errors import AppleError
from .state import State

Image = dict[str, Any]
INDEX_TYPE = "application/vnd.oci.image.index.v1+json"
MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
NAME_KEYS = (
    "com.apple.containerization.image.name",
    "io.containerd.image.name",
    "org.opencontainers.image.ref.name",
)
CONFIG_KEYS = (
    "Cmd",
    "Entrypoint",
    "Env",
    "ExposedPorts",
    "Labels",
    "StopSignal",
    "User",
    "Volumes",
    "WorkingDir",
)


def moment(text: str) -> float:
    """podman's RFC 3339 time with nanoseconds, as seconds since 1970."""
    return datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text)).timestamp()


def describe(call: Call, number: int, reference: str, annotation: str | None, built: bool) -> Image:
    """The whole record of an image that podman holds under our tag `number`."""
    found = call.podman.json("image", "inspect", call.podman.image(number))[0]
    created = moment(found["Created"])
    platform = {"architecture": found["Architecture"], "os": found["Os"]}
    platform |= {"variant": "v8"} if found["Architecture"] == "arm64" else {}
    inner = {key: found["Config"][key] for key in CONFIG_KEYS if found["Config"].get(key)}
    history = [
        {
            "created": iso(moment(row["created"])),
            "created_by": row.get("created_by", ""),
            "empty_layer": row.get("empty_layer", False),
        }
        for row in found.get("History") or []
    ]
    rootfs = {"diff_ids": found["RootFS"]["Layers"], "type": "layers"}
    config = {**platform, "config": inner, "created": iso(created), "history": history, "rootfs": rootfs}
    variants = [{"config": config, "digest": found["Digest"], "platform": platform, "size": found["Size"]}]
    if built:
        variants.append(attestation(found["Digest"]))
    annotations = dict.fromkeys(NAME_KEYS, annotation) if annotation else {}
    index: dict[str, Any] = {
        "manifests": [{"digest": one["digest"], "platform": one["platform"]} for one in variants]
    }
    index |= {"annotations": annotations, "mediaType": INDEX_TYPE, "schemaVersion": 2}
    body = json.dumps(index, sort_keys=True).encode()
    descriptor = {
        "digest": f"sha256:{hashlib.sha256(body).hexdigest()}",
        "mediaType": INDEX_TYPE,
        "size": len(body),
    }
    return {
        "number": number,
        "reference": reference,
        "annotation": annotation,
        "created": created,
        "config": inner,
        "descriptor": {**descriptor, **({"annotations": annotations} if annotations else {})},
        "variants": variants,
        "size": found["Size"],
    }


def attestation(digest: str) -> dict[str, Any]:
    """The provenance manifest that BuildKit adds to what it builds: a variant of an unknown platform."""
    unknown = {"architecture": "unknown", "os": "unknown"}
    rootfs: dict[str, Any] = {"diff_ids": [], "type": "layers"}
    other = hashlib.sha256(digest.encode()).hexdigest()
    return {
        "config": {**unknown, "config": {}, "rootfs": rootfs},
        "digest": f"sha256:{other}",
        "platform": unknown,
        "size": 1024,
    }


def next_number(state: State) -> int:
    """A number no image of ours has had."""
    state["counter"] += 1
    number: int = state["counter"]
    return number


def put(call: Call, state: State, image: Image) -> None:
    """Keep an image under its reference; what had the name before loses it."""
    for old in [one for one in state["images"] if one["reference"] == image["reference"]]:
        drop(call, state, old)
    state["images"].append(image)


def drop(call: Call, state: State, image: Image) -> None:
    """Take a name away; podman's tag goes with the last name, unless a container still needs it."""
    state["images"].remove(image)
    number = image["number"]
    wanted = any(one["number"] == number for one in state["images"])
    wanted |= any(record["image"] == number for record in state["containers"].values() if record["podman"])
    if not wanted:
        call.podman.run("rmi", call.podman.image(number), check=False)


def registry_failure(reference: str) -> AppleError:
    """No registry can be reached, or it does not have the image."""
    return AppleError(
        f"failed to pull image {reference}: HTTP request failed with response: 401 Unauthorized. "
        "Reason: access denied or wrong credentials",
        "internalError",
    )


def pull_one(call: Call, state: State, reference: str) -> Image:
    """Pull from CONTAINER_STANDIN_REGISTRY: a directory of OCI archives named by reference, `/` and `:` as
    `_`.

    Raises AppleError.
    """
    full = refs.qualify(reference)
    place = call.settings.registry
    source = None if place is None else place / (full.replace("/", "_").replace(":", "_") + ".tar")
    if source is None or not source.exists():
        raise registry_failure(full)
    with tempfile.TemporaryDirectory(dir=call.settings.home) as scratch:
        archive.unpack(source, Path(scratch), force=False)
        manifest = archive.manifests(Path(scratch))[0]
        number = next_number(state)
        archive.into_podman(call, Path(scratch), manifest, number)
    image = describe(call, number, full, None, built=False)
    put(call, state, image)
    return image


def fetch(call: Call, state: State, reference: str) -> Image:
    """A local image, else a pulled one: there is no --pull=never. Raises AppleError."""
    refs.parse(reference)
    found = refs.search(reference, state["images"])
    return pull_one(call, state, reference) if found is None else found


def payload(call: Call, image: Image) -> dict[str, Any]:
    """One image in the release's list shape."""
    if call.at_least(1):
        configuration = {
            "creationDate": iso(image["created"]),
            "descriptor": image["descriptor"],
            "name": image["reference"],
        }
        identifier = image["descriptor"]["digest"].removeprefix("sha256:")
        return {"configuration": configuration, "id": identifier, "variants": image["variants"]}
    shape = {"descriptor": image["descriptor"], "reference": image["reference"]}
    return {**shape, **({"fullSize": human(image["size"])} if call.at_least(0, 9) else {})}


def detail(call: Call, image: Image) -> dict[str, Any]:
    """One image in the release's inspect shape: the list's since 1.0."""
    if call.at_least(1):
        return payload(call, image)
    variants = [{key: one[key] for key in ("config", "platform", "size")} for one in image["variants"]]
    return {"index": image["descriptor"], "name": image["reference"], "variants": variants}


def human(size: int) -> str:
    """ByteCountFormatter's file style."""
    return f"{size / 1_000_000:.1f} MB" if size >= 1_000_000 else f"{max(size // 1000, 1)} KB"


def list_images(call: Call) -> int:
    """`container image list`."""
    images = call.store.read()["images"]
    rows = [["NAME", "TAG", "DIGEST"]]
    for image in images:
        name, _, tag = image["reference"].rpartition(":")
        rows.append([name, tag, image["descriptor"]["digest"].removeprefix("sha256:")[:12]])
    quiet = [image["reference"] for image in images] if call.args["quiet"] else None
    text = render(call.settings, call.args["format"], [payload(call, image) for image in images], rows, quiet)
    if text:
        say(text)
    return 0


def inspect(call: Call) -> int:
    """`container image inspect`: all or nothing since 1.0, what was found and exit 1 before."""
    images = call.store.read()["images"]
    found = {name: refs.search(name, images) for name in call.args["images"]}
    missing = [name for name, image in found.items() if image is None]
    shown = [detail(call, image) for image in found.values() if image is not None]
    if missing and call.at_least(1):
        raise AppleError(f"image not found: {', '.join(missing)}", "notFound")
    if shown:
        say(to_json(call.settings, shown, pretty=call.at_least(1)))
    if missing:
        raise AppleError(f"image not found: {', '.join(missing)}", "notFound")
    return 0


def delete(call: Call) -> int:
    """`container image delete`: -f ignores only what is not found."""
    args = call.args
    if not args["images"] and not args["all"]:
        raise AppleError("no images specified and --all not supplied")
    if args["images"] and args["all"]:
        raise AppleError("explicitly supplied images conflict with the --all flag")
    failures = []
    with call.store.transaction() as state:
        chosen = list(state["images"]) if args["all"] else []
        for name in args["images"]:
            image = refs.search(name, state["images"])
            if image is not None and image not in chosen:
                chosen.append(image)
            elif image is None and not args["force"]:
                failures.append(name)
        for image in chosen:
            drop(call, state, image)
            say(image["reference"])
    if chosen:
        say("Reclaimed Zero KB in disk space")
    if failures:
        raise AppleError(f"failed to delete one or more images: {json.dumps(failures)}", "internalError")
    return 0


def tag(call: Call) -> int:
    """`container image tag`: prints the new name as typed, keeps it fully qualified."""
    with call.store.transaction() as state:
        source = refs.search(call.args["source"], state["images"])
        if source is None:
            raise AppleError(f"image with reference {call.args['source']} not found", "notFound")
        put(call, state, {**source, "reference": refs.qualify(call.args["target"])})
    say(call.args["target"])
    return 0


def pull(call: Call) -> int:
    """`container image pull`."""
    with call.store.transaction() as state:
        image = pull_one(call, state, call.args["reference"])
    say(image["reference"])
    return 0


def push(call: Call) -> int:
    """`container image push`: no registry takes it."""
    image = refs.search(call.args["reference"], call.store.read()["images"])
    if image is None:
        raise AppleError(f"image with reference {call.args['reference']} not found", "notFound")
    raise registry_failure(image["reference"])


def save(call: Call) -> int:
    """`container image save`: an OCI archive; without -o on stdout, the names then on stderr (1.1)."""
    images = call.store.read()["images"]
    found = {name: refs.search(name, images) for name in call.args["references"]}
    missing = [name for name, image in found.items() if image is None]
    if missing:
        raise AppleError(f"one or more image references are invalid: {', '.join(missing)}")
    chosen = [image for image in found.values() if image is not None]
    output = call.args["output"]
    with tempfile.TemporaryDirectory(dir=call.settings.home) as scratch:
        path = archive.save(call, chosen, Path(scratch))
        if output is None:
            with path.open("rb") as stream:
                while chunk := stream.read(1 << 20):
                    sys.stdout.buffer.write(chunk)
            sys.stdout.flush()
        else:
            Path(output).write_bytes(path.read_bytes())
    for image in chosen:
        (complain if output is None else say)(image["reference"])
    return 0


def load(call: Call) -> int:
    """`container image load`: an OCI archive, from -i or stdin; prints the names."""
    source = call.args["input"]
    if source is not None and not os.path.exists(source):
        say(f"File does not exist {os.path.abspath(source)}")
        return 1
    names = []
    with tempfile.TemporaryDirectory(dir=ready(call)) as scratch:
        tarball = Path(source) if source is not None else Path(scratch) / "stdin.tar"
        if source is None:
            with tarball.open("wb") as stream:
                while chunk := sys.stdin.buffer.read(1 << 20):
                    stream.write(chunk)
        layout = Path(scratch) / "layout"
        rejected = archive.unpack(tarball, layout, call.args["force"])
        for manifest in archive.manifests(layout):
            reference = archive.name_of(manifest)
            refs.parse(reference)
            own = (manifest.get("annotations") or {}).get(NAME_KEYS[0])
            with call.store.transaction() as state:
                number = next_number(state)
            archive.into_podman(call, layout, manifest, number)
            with call.store.transaction() as state:
                put(call, state, describe(call, number, reference, own, built=False))
            names.append(reference)
    for path in rejected:
        complain(f"rejected path: {path}")
    if not call.at_least(1):
        say("Loaded images:")
    for name in names:
        say(name)
    return 0


def ready(call: Call) -> Path:
    """The home, made when missing."""
    call.settings.home.mkdir(parents=True, exist_ok=True)
    return call.settings.home


def prune(call: Call) -> int:
    """`container image prune`: with -a every image that no container uses; nothing without."""
    with call.store.transaction() as state:
        used = {record["image"] for record in state["containers"].values()}
        for image in list(state["images"]) if call.args["all"] else []:
            if image["number"] not in used:
                drop(call, state, image)
                say(f"untagged {image['reference']}")
    complain("Reclaimed Zero KB in disk space")
    return 0
