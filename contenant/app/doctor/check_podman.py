"""What only podman can have: an OCI runtime that fails, ranges of ids, helpers without root. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from contenant.app.doctor import remedies
from contenant.app.doctor.facts import EngineFacts, Machine, PodmanFacts
from contenant.app.doctor.line import Line

ENOUGH_IDS = 65536  # what an image of a distribution may use
RUNTIMES = ("crun", "runc")


def check(engine: EngineFacts, machine: Machine) -> Iterator[Line]:
    """OCI runtime; without root also ids, namespaces and the network's helper."""
    podman = engine.podman
    assert podman is not None
    if podman.runtimes:
        yield runtime(podman, machine)
    if podman.rootless and engine.local:
        yield ids(podman, machine)
        yield network(podman, machine)


def runtime(podman: PodmanFacts, machine: Machine) -> Line:
    """Whether the runtime that contenant would use can start a container here, and else which can."""
    name, what = "runtime.podman", "podman: OCI runtime"
    first, reason = podman.runtimes[0]
    called = first or podman.own_runtime or "its own choice"
    working = next((runtime for runtime, why in podman.runtimes if not why), None)
    if working is None:
        fix = remedies.install(machine, *RUNTIMES)
        return Line(name, "fail", what, f"none can start a container: {called}: {reason}", fix)
    if not reason:
        note = "" if podman.remembered is None or not first else f", instead of {podman.own_runtime}"
        return Line(name, "ok", what, f"{called} starts containers{note}")
    detail = f"{called} cannot start containers here, {working or podman.own_runtime} can: {reason}"
    return Line(name, "warn", what, detail, "contenant doctor --fix", "remember-runtime")


def ids(podman: PodmanFacts, machine: Machine) -> Line:
    """Ranges of subordinate ids, the programs that map them, and leave to make user namespaces."""
    name, what = "ids.podman", "podman: ids without root"
    if not podman.namespaces:
        fix = "sudo sysctl -w user.max_user_namespaces=28633 kernel.unprivileged_userns_clone=1"
        return Line(name, "fail", what, "this kernel lets users make no user namespaces", fix)
    if not podman.newuidmap:
        return Line(name, "fail", what, "newuidmap is missing", remedies.install(machine, "uidmap"))
    short = [
        f"{count} {kind}"
        for kind, count in (("uids", podman.uids), ("gids", podman.gids))
        if 0 <= count < ENOUGH_IDS
    ]
    if short:
        detail = f"this user has {' and '.join(short)} to map, {ENOUGH_IDS} are wanted"
        return Line(name, "fail", what, detail, more_ids(machine))
    return Line(name, "ok", what, f"{podman.uids} uids, {podman.gids} gids")


def more_ids(machine: Machine) -> str:
    """Give this user ranges of ids, and have podman use them."""
    ranges = "--add-subuids 100000-165535 --add-subgids 100000-165535"
    return f'{remedies.as_root(machine, f"usermod {ranges}")} "$(id -un)" && podman system migrate'


def network(podman: PodmanFacts, machine: Machine) -> Line:
    """Without root the network needs a helper: the one podman is set to, pasta since 5.0 (podman-run(1))."""
    name, what = "network.podman", "podman: network without root"
    wanted = podman.network_command or "pasta or slirp4netns"
    if podman.network_helper:
        return Line(name, "ok", what, f"{wanted} is there")
    package = "slirp4netns" if wanted == "slirp4netns" else "passt"
    return Line(name, "fail", what, f"{wanted} is not there", remedies.install(machine, package))
