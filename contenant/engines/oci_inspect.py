"""What podman and docker say about one container: `container inspect`, `image inspect`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from contenant.core.values import ImageReport, Inspection, Mount
from contenant.engines.oci import image_report
from contenant.engines.options import own_name

_BILLION = 1_000_000_000


def read_container(text: str) -> Inspection:
    """The output of `container inspect` of one container, without what its image brings."""
    data: dict[str, Any] = json.loads(text)[0]
    host = data.get("HostConfig") or {}
    return Inspection(
        engine_id=str(data["Id"]),
        image_id=str(data["Image"]),
        image_digest=str(data.get("ImageDigest") or data["Image"]),  # docker knows images by one id
        mounts=tuple(
            Mount(str(mount["Source"]), str(mount["Destination"]), not mount.get("RW", True))
            for mount in data.get("Mounts") or ()
        ),
        image_variables=(),
        cpus=_cpus(host),
        memory=int(host.get("Memory") or 0),
        pids=max(0, int(host["PidsLimit"] or 0)) if "PidsLimit" in host else -1,  # 0, -1 and null: none
    )


def _cpus(host: Mapping[str, Any]) -> float:
    if host.get("NanoCpus"):
        return float(host["NanoCpus"]) / _BILLION
    quota, period = int(host.get("CpuQuota") or 0), int(host.get("CpuPeriod") or 0) or 100_000
    return quota / period if quota > 0 else 0.0


def read_variables(text: str) -> tuple[str, ...]:
    """The names of the variables of an image, from `image inspect`."""
    config = json.loads(text)[0].get("Config") or {}
    return tuple(str(entry).partition("=")[0] for entry in config.get("Env") or ())


def read_images(text: str) -> tuple[ImageReport, ...]:
    """The output of `image inspect` of several images, each once for each of its names, or without one."""
    return tuple(
        image_report(item, own_name(name))
        for item in json.loads(text or "[]")
        for name in [name for name in item.get("RepoTags") or () if "<none>" not in name] or [""]
    )
