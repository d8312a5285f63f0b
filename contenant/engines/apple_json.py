"""What Apple's `container` prints, of every supported era: 0.12, 1.0 to 1.2, 1.4. Pure.

Eras as in the sources of apple/container: a container's `status` is text up to 0.12 and an object since 1.0;
moments are seconds since 2001 up to 0.12 and ISO-8601 since; an image's name and digest moved into
`configuration` with 1.0; `system status` was flat up to 1.3 and has sections since 1.4.

Readers raise ValueError, LookupError, TypeError or AttributeError on what is none of these.
"""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from contenant.core.values import ContainerReport, ContainerState, ImageReport, Inspection, Mount
from contenant.engines.moments import from_foundation
from contenant.engines.options import own_name
from contenant.engines.versions import short

BUILDER = "buildkit"  # the container that `container build` works in
_ROLE = "com.apple.container.resource.role"

_STATES: Mapping[str, ContainerState] = {
    # One that was created and never started is "stopped" as well: Apple keeps no difference.
    "stopped": "stopped",
    "running": "running",
    "stopping": "running",  # its processes live
}


class ServiceStatus(NamedTuple):
    """The answer of `container system status`."""

    state: str  # "running", "unregistered", "not running"
    app_root: str  # where containers and images are kept, "" when it does not say


def read_containers(text: str) -> tuple[ContainerReport, ...]:
    """`container list --all --format json`, by name: Apple's own order changes from call to call.

    The builder's container is left out: it is the engine's, and comes and goes with builds.
    """
    reports = (_read_container(item) for item in json.loads(text) if not _is_builder(item))
    return tuple(sorted(reports, key=lambda report: report.name))


def _is_builder(item: Mapping[str, Any]) -> bool:
    configuration = item["configuration"]
    return configuration["id"] == BUILDER or (configuration.get("labels") or {}).get(_ROLE) == "builder"


def _read_container(item: Mapping[str, Any]) -> ContainerReport:
    configuration, status = item["configuration"], item.get("status")
    state = status.get("state") if isinstance(status, Mapping) else status
    name = str(configuration["id"])
    return ContainerReport(
        engine_id=name,
        name=name,
        state=_STATES.get(str(state), "unknown"),
        labels=configuration.get("labels") or {},
        image=str((configuration.get("image") or {}).get("reference") or ""),
        created=from_foundation(configuration.get("creationDate")),
    )


def read_image(text: str, reference: str) -> ImageReport | None:
    """`container image inspect` of one image; None for an empty list."""
    items = json.loads(text)
    return _image_report(items[0], reference) if items else None


def read_images(text: str) -> tuple[ImageReport, ...]:
    """`container image list --format json`; up to 0.12 it tells no labels."""
    reports = []
    for item in json.loads(text):
        configuration = item.get("configuration")
        name = str(configuration["name"] if configuration else item["reference"])
        reports.append(_image_report(item, own_name(name)))
    return tuple(reports)


def _image_report(item: Mapping[str, Any], reference: str) -> ImageReport:
    configuration = item.get("configuration")
    descriptor = configuration["descriptor"] if configuration else item.get("index") or item["descriptor"]
    variant = _own_variant(item.get("variants") or [])
    config = variant.get("config") or {}
    created = configuration.get("creationDate") if configuration else config.get("created")
    return ImageReport(
        engine_id=str(item.get("id") or descriptor["digest"]),
        reference=reference,
        digest=str(descriptor["digest"]),
        labels=(config.get("config") or {}).get("Labels") or {},
        size=int(variant.get("size") or 0),
        created=from_foundation(created),
    )


def read_inspection(text: str) -> Inspection:
    """`container inspect` of one container. Which variables came with the image is not told apart there."""
    configuration = json.loads(text)[0]["configuration"]
    image, resources = configuration.get("image") or {}, configuration.get("resources") or {}
    mounts = tuple(
        Mount(str(mount["source"]), str(mount["destination"]), "ro" in (mount.get("options") or ()))
        for mount in configuration.get("mounts") or ()
    )
    variables = (configuration.get("initProcess") or {}).get("environment") or ()
    digest = str((image.get("descriptor") or {}).get("digest") or "")
    return Inspection(
        engine_id=str(configuration["id"]),
        image_id="",  # images are known there by their digest
        image_digest=digest,
        mounts=mounts,
        image_variables=tuple(str(entry).partition("=")[0] for entry in variables),
        cpus=float(resources.get("cpus") or 0),
        memory=int(resources.get("memoryInBytes") or 0),
    )


def _own_variant(variants: list[dict[str, Any]]) -> dict[str, Any]:
    """The image for this machine (always arm64), else the first that is one: attestations are listed too."""

    def rank(variant: dict[str, Any]) -> int:
        architecture = (variant.get("platform") or {}).get("architecture")
        return {"arm64": 0, "unknown": 2}.get(str(architecture), 1)

    return min(variants, key=rank, default={})


def read_versions(text: str) -> tuple[str, str]:
    """`container system version --format json`: client and service, "" for a service that does not answer."""
    items = json.loads(text)
    return short(items[0]["version"]), (short(items[1]["version"]) if len(items) > 1 else "")


def read_status(text: str) -> ServiceStatus:
    """`container system status --format json`, which is printed with exit code 1 too."""
    data = json.loads(text)
    root = data.get("appRoot") or (data.get("paths") or {}).get("appRoot") or ""
    return ServiceStatus(str(data["status"]), str(root))
