"""A two-megabyte image of busybox, made here: an OCI archive that `container image load` takes."""

from __future__ import annotations

import hashlib
import io
import json
import os
import platform
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

PASSWD = (
    "root:x:0:0:root:/root:/bin/sh\n"
    "agent:x:1000:1000:agent:/home/agent:/bin/sh\n"
    "nobody:x:65534:65534:nobody:/nonexistent:/bin/false\n"
)
GROUP = "root:x:0:\nagent:x:1000:\nnogroup:x:65534:\n"
CONFIG = {"Cmd": ["sh"], "Env": ["PATH=/bin", "IMAGE=from-image"], "Labels": {"tiny": "1"}}
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def busybox() -> Path:
    """A static busybox: the machine's, or the one of Debian's busybox-static, unpacked and not installed."""
    cache = Path(tempfile.gettempdir()) / f"busybox-static-{os.getuid()}"
    unpacked = cache / "bin" / "busybox"
    if unpacked.exists():
        return unpacked
    installed = shutil.which("busybox")
    if installed is not None and static(installed):
        return Path(installed)
    with tempfile.TemporaryDirectory() as scratch:
        download = ["apt-get", "download", "busybox-static"]
        if subprocess.run(download, cwd=scratch, capture_output=True, check=False).returncode != 0:
            subprocess.run(["apt-get", "update"], capture_output=True, check=True)
            subprocess.run(download, cwd=scratch, capture_output=True, check=True)
        package = next(Path(scratch).glob("busybox-static_*.deb"))
        subprocess.run(["dpkg-deb", "-x", str(package), str(cache)], check=True)
    return unpacked


def static(program: str) -> bool:
    """Whether it needs no library, by ldd, which every Debian has; it calls both kinds differently."""
    said = subprocess.run(
        ["ldd", program], capture_output=True, env={**os.environ, "LC_ALL": "C"}, check=False
    )
    return b"not a dynamic executable" in said.stderr or b"statically linked" in said.stdout


def root_tarball() -> bytes:
    """The one layer: busybox under all its names, three users, a shadow that only root reads."""
    program = busybox()
    applets = subprocess.check_output([str(program), "--list"], text=True).split()
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:

        def add(name: str, data: bytes | None = None, mode: int = 0o755, link: str = "") -> None:
            info = tarfile.TarInfo(name)
            info.mode = mode
            info.type = tarfile.SYMTYPE if link else tarfile.DIRTYPE if data is None else tarfile.REGTYPE
            info.linkname = link
            info.size = len(data or b"")
            tar.addfile(info, None if data is None else io.BytesIO(data))

        for directory in ("bin", "dev", "etc", "home", "home/agent", "proc", "root", "run", "sys", "var"):
            add(directory)
        add("tmp", mode=0o1777)
        add("bin/busybox", program.read_bytes())
        for applet in applets:
            if applet != "busybox":
                add(f"bin/{applet}", link="busybox")
        add("etc/passwd", PASSWD.encode(), 0o644)
        add("etc/group", GROUP.encode(), 0o644)
        add("etc/shadow", b"root:*:19000::::::\n", 0o600)
        add("bin/plain", b"no program\n", 0o644)
    return stream.getvalue()


def oci_archive(path: Path, name: str, config: Mapping[str, Any] | None = None) -> Path:
    """Write the image as an OCI archive at `path`, named `name` by annotation; the path."""
    layer = root_tarball()
    blobs: dict[str, bytes] = {}

    def blob(data: bytes, media: str) -> dict[str, Any]:
        digest = hashlib.sha256(data).hexdigest()
        blobs[digest] = data
        return {
            "mediaType": f"application/vnd.oci.image.{media}",
            "digest": f"sha256:{digest}",
            "size": len(data),
        }

    layers = [blob(layer, "layer.v1.tar")]
    made = {
        "architecture": ARCHITECTURES.get(platform.machine(), platform.machine()),
        "os": "linux",
        "created": "2026-01-02T03:04:05Z",
        "config": dict(CONFIG if config is None else config),
        "rootfs": {"type": "layers", "diff_ids": [layers[0]["digest"]]},
        "history": [{"created": "2026-01-02T03:04:05Z", "created_by": "busybox"}],
    }
    described = blob(json.dumps(made).encode(), "config.v1+json")
    manifest = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json"}
    descriptor = blob(
        json.dumps({**manifest, "config": described, "layers": layers}).encode(), "manifest.v1+json"
    )
    descriptor["annotations"] = {"org.opencontainers.image.ref.name": name}
    files = {
        "oci-layout": json.dumps({"imageLayoutVersion": "1.0.0"}).encode(),
        "index.json": json.dumps({"schemaVersion": 2, "manifests": [descriptor]}).encode(),
        **{f"blobs/sha256/{digest}": data for digest, data in blobs.items()},
    }
    with tarfile.open(path, "w") as tar:
        for member, data in files.items():
            info = tarfile.TarInfo(member)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return path
