"""What only Apple's container can have: skew, an old guest kernel, a store that Time Machine copies. Pure.

Facts from the sources and issues of apple/container; numbers are issues there.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

from contenant.app.doctor import remedies
from contenant.app.doctor.facts import AppleFacts, ContainerFacts, EngineFacts, Machine
from contenant.app.doctor.line import Line
from contenant.engines.apple import skew as skew_of
from contenant.engines.base import EngineVersion
from contenant.engines.versions import Version, parse_version

# Kata 3.28.0's, the default since 0.12. The one before 0.9, 6.12.28, has no nf_tables (#1002, #2120).
OLDEST_KERNEL: Version = (6, 18, 15)
SETTLED: Version = (1, 0, 0)
_NEW_KERNEL = "container system kernel set --recommended --force"


def check(engine: EngineFacts, machine: Machine) -> Iterator[Line]:
    """Service, skew, kernel of new and of running containers, age of containers, Time Machine."""
    assert engine.apple is not None
    yield Line("service.container", "ok", "container: service", "running")
    yield release(engine, machine)
    yield skew(engine)
    yield default_kernel(engine.apple)
    yield running_kernels(engine, machine)
    yield made_before(engine, machine)
    if machine.system == "darwin":
        yield time_machine(engine.apple, engine.store, machine)


def release(engine: EngineFacts, machine: Machine) -> Line:
    """0.12 is the oldest that will do; Apple settled names, JSON and errors with 1.0."""
    name, what = "release.container", "container: release"
    if (parse_version(engine.client) or SETTLED) >= SETTLED:
        return Line(name, "ok", what, engine.client)
    detail = f"{engine.client} is served, 1.0 and later are better tested"
    return Line(name, "warn", what, detail, remedies.upgrade_engine(machine, "container"))


def skew(engine: EngineFacts) -> Line:
    """An upgrade replaces the command and leaves the old service running (#568)."""
    found = skew_of(EngineVersion(engine.client, engine.server))
    if not found:
        return Line("skew.container", "ok", "container: versions", f"command and service are {engine.client}")
    detail = f"the command is {engine.client}, the running service {engine.server}"
    return Line("skew.container", "fail", "container: versions", detail, remedies.restart_service())


def kernel_version(name: str) -> Version | None:
    """`6.18.15` of `vmlinux-6.18.15-186` or of `uname -r`; None for a name without a version."""
    return parse_version(name) if re.search(r"\d+\.\d+", name) else None


def default_kernel(apple: AppleFacts) -> Line:
    """The kernel that a container gets at its first start; an upgrade of container leaves it (#2120)."""
    name, what = "kernel.container", "container: kernel"
    if not apple.default_kernel:
        return Line(name, "ok", what, "which one new containers get is not known")
    found = kernel_version(apple.default_kernel)
    if found is None:
        note = "names no version; the firewall proves itself in each container"
        return Line(name, "ok", what, f"{apple.default_kernel} {note}")
    if found >= OLDEST_KERNEL:
        return Line(name, "ok", what, f"{apple.default_kernel}, has nf_tables")
    wanted = ".".join(map(str, OLDEST_KERNEL))
    detail = f"{apple.default_kernel} is older than {wanted}: the firewall, and so containers, may not start"
    return Line(name, "fail", what, detail, _NEW_KERNEL)


def running_kernels(engine: EngineFacts, machine: Machine) -> Line:
    """A container keeps the kernel it was first started with."""
    name, what = "guests.container", "container: kernels in use"
    asked = [item for item in engine.containers if item.kernel]
    if not asked:
        return Line(name, "ok", what, "no container runs; `contenant doctor` while one does says more")
    old = [item for item in asked if _too_old(item)]
    if not old:
        return Line(name, "ok", what, ", ".join(sorted({item.kernel for item in asked})))
    detail = ", ".join(f"{item.name} runs {item.kernel}" for item in old)
    fix = f"{_NEW_KERNEL} && {remedies.recreate([item.project for item in old], machine.home)}"
    return Line(name, "fail", what, f"{detail}: too old for the firewall", fix)


def _too_old(item: ContainerFacts) -> bool:
    """A firewall that proves itself says more than a number: own kernels may be older and able."""
    found = kernel_version(item.kernel)
    return found is not None and found < OLDEST_KERNEL and item.test_code != 0


def made_before(engine: EngineFacts, machine: Machine) -> Line:
    """A container also keeps the guest agent of the release it was first started with (#2258)."""
    name, what = "age.container", "container: guest agents"
    old = [c for c in engine.containers if c.engine_version and c.engine_version != engine.client]
    if not old:
        return Line(name, "ok", what, "all containers were made with this version")
    detail = ", ".join(f"{item.name} was made with {item.engine_version}" for item in old)
    return Line(name, "warn", what, detail, remedies.recreate([item.project for item in old], machine.home))


def time_machine(apple: AppleFacts, store: str, machine: Machine) -> Line:
    """Its disks are sparse files of 512 GB, which Time Machine copies as if they were full (#497, #881)."""
    name, what = "time-machine", "Time Machine"
    if not apple.time_machine:
        return Line(name, "ok", what, "whether it copies the containers' disks is not known")
    if apple.time_machine == "excluded":
        return Line(name, "ok", what, "leaves the containers' disks out")
    place = store or f"{machine.home}/Library/Application Support/com.apple.container"
    fix = f"tmutil addexclusion {shlex.quote(place)}"
    return Line(name, "warn", what, "copies the containers' disks, sparse files of 512 GB each", fix)
