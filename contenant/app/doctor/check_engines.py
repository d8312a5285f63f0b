"""Each engine: is it there, new enough, does it answer, has it room? Facts to lines. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from contenant.app.doctor import check_apple, check_podman, remedies
from contenant.app.doctor.facts import EngineFacts, Facts, Machine
from contenant.app.doctor.line import Line, Mend, Status
from contenant.core.sizes import size
from contenant.core.values import ENGINE_NAMES

STORE_LOW, STORE_EMPTY = 8 << 30, 2 << 30  # bytes; building the image takes about 4 GB


def check(facts: Facts) -> Iterator[Line]:
    """Every engine that is there, asked for or used."""
    if not facts.engines:
        yield none(facts.machine)
    for engine in facts.engines:
        yield answers(engine, facts.machine)
        if engine.trouble:
            if engine.trouble == "unusable-ids" and engine.podman is not None:
                yield check_podman.ids(engine.podman, facts.machine)
            continue
        if engine.list_trouble:
            yield unlisted(engine, facts.machine)
        if engine.apple is not None:
            yield from check_apple.check(engine, facts.machine)
        if engine.podman is not None:
            yield from check_podman.check(engine, facts.machine)
        if engine.cgroups:
            yield cgroups(engine, facts.machine)
        yield disk(engine)


def none(machine: Machine) -> Line:
    """No engine at all."""
    best = "container" if machine.system == "darwin" else "podman"
    names = [name for name in ENGINE_NAMES if name != "container" or machine.system == "darwin"]
    fix = remedies.install_engine(machine, "container" if best == "container" else "podman")
    return Line("engine", "fail", "engine", f"none is installed (looked for {', '.join(names)})", fix)


def answers(engine: EngineFacts, machine: Machine) -> Line:
    """Whether an engine can be used; one that nothing uses is never worse than a warning."""
    if not engine.trouble:
        return Line(f"engine.{engine.name}", "ok", engine.name, _well(engine))
    fix, mend = _remedy(engine, machine)
    status: Status = "fail" if engine.wanted else "warn"
    note = "" if engine.wanted else "; nothing uses it"
    return Line(f"engine.{engine.name}", status, engine.name, _ill(engine) + note, fix, mend)


def _well(engine: EngineFacts) -> str:
    other = engine.server and engine.server != engine.client
    text = f"{engine.client}, service {engine.server}" if other else engine.client
    return f"{text}, answered within {engine.seconds:.1f} s"


def _ill(engine: EngineFacts) -> str:
    """What is wrong, with the engine's own words where they say more."""
    where = f" (at {engine.endpoint})" if engine.endpoint else ""
    match engine.trouble:
        case "not-installed":
            return "not installed"
        case "wedged":
            return f"hangs: no answer within {engine.seconds:.0f} s{where}"
        case "down":
            what = {"container": "service", "podman": "machine", "docker": "daemon"}[engine.name]
            return f"its {what} is not running{where}"
        case "stuck":
            return "its service is registered and does not answer"
        case "permission":
            return f"you may not use its daemon{where}"
        case "context":
            return f"it is pointed at nothing: {engine.said}"
        case "unusable-ids":
            return f"without root it cannot map ids: {engine.said}"
        case "skew":
            return "its command and its running service do not understand each other"
        case _:
            return engine.said


def _remedy(engine: EngineFacts, machine: Machine) -> tuple[str, Mend]:
    """The command, and whether `--fix` may run it."""
    if engine.trouble in ("", "failed"):
        return "", ""
    if engine.trouble == "not-installed":
        return remedies.install_engine(machine, engine.name), ""
    if engine.trouble == "too-old":
        return remedies.upgrade_engine(machine, engine.name), ""
    if engine.name == "container":
        return _apple_remedy(engine)
    return (_podman_remedy if engine.name == "podman" else _docker_remedy)(engine, machine), ""


def _apple_remedy(engine: EngineFacts) -> tuple[str, Mend]:
    if engine.trouble == "down":
        return remedies.start_service(), "start-service"
    # `system stop` may hang or leave the service as it was (apple/container #2166)
    last = "; where that hangs too, restart the Mac" if engine.trouble == "wedged" else ""
    return f"{remedies.restart_service()}{last}", ""


def _podman_remedy(engine: EngineFacts, machine: Machine) -> str:
    if engine.trouble == "down":
        return remedies.start_podman(engine.endpoint)
    if engine.trouble == "wedged":
        return _unhang(engine, machine)
    found = check_podman.ids(engine.podman, machine).fix if engine.podman is not None else ""
    return found or check_podman.more_ids(machine)


def _docker_remedy(engine: EngineFacts, machine: Machine) -> str:
    match engine.trouble:
        case "permission":
            return 'sudo usermod -aG docker "$(id -un)", then log in again (in effect this makes you root)'
        case "context":
            return "docker context use default && unset DOCKER_HOST DOCKER_CONTEXT"
        case "unsupported":
            return "contenant --engine podman"
        case "wedged":
            return _unhang(engine, machine)
        case _:
            return remedies.start_docker(machine, engine.endpoint)


def _unhang(engine: EngineFacts, machine: Machine) -> str:
    if engine.name == "podman":
        return "ps -C podman -o pid,etime,args (end the oldest: it holds podman's lock)"
    if machine.system == "darwin":
        return "killall Docker && open -a Docker"
    restart = "systemctl restart docker" if machine.systemd else "service docker restart"
    return remedies.as_root(machine, restart)


def unlisted(engine: EngineFacts, machine: Machine) -> Line:
    """It tells its version, but gives no list of its containers."""
    status: Status = "fail" if engine.wanted else "warn"
    hung = engine.list_trouble == "wedged"
    what = f"{engine.name}: list"
    if engine.name == "container":
        fix = remedies.restart_service()
    else:
        fix = _unhang(engine, machine) if hung else f"{engine.name} ps --all"
    return Line(f"list.{engine.name}", status, what, f"no list of its containers: {engine.said}", fix)


def cgroups(engine: EngineFacts, machine: Machine) -> Line:
    """Whether cpus and memory can be limited."""
    name, what = f"cgroups.{engine.name}", f"{engine.name}: cgroups"
    rootless = engine.podman is not None and engine.podman.rootless
    if not rootless:
        return Line(name, "ok", what, engine.cgroups)
    if engine.cgroups == "v1":
        detail = "v1: without root --cpus and --memory cannot be held"
        return Line(name, "warn", what, detail, _unified(machine))
    missing = [one for one in ("cpu", "memory") if one not in engine.controllers]
    if engine.controllers and missing:
        detail = f"v2, but this user may not limit {' and '.join(missing)}"
        return Line(name, "warn", what, detail, _delegate(machine))
    return Line(name, "ok", what, engine.cgroups)


def _unified(machine: Machine) -> str:
    option = "systemd.unified_cgroup_hierarchy=1"
    if machine.manager == "dnf":
        return f"{remedies.as_root(machine, f'grubby --update-kernel=ALL --args={option}')}, then restart"
    return f"add {option} to the kernel's command line, then restart"


def _delegate(machine: Machine) -> str:
    place = "/etc/systemd/system/user@.service.d"
    text = r"printf '[Service]\nDelegate=cpu cpuset io memory pids\n'"
    return (
        f"{remedies.as_root(machine, f'mkdir -p {place}')} && "
        f"{text} | {remedies.as_root(machine, f'tee {place}/delegate.conf')}, then log in again"
    )


def disk(engine: EngineFacts) -> Line:
    """Room where the engine keeps images and containers."""
    name, what = f"disk.{engine.name}", f"{engine.name}: disk"
    if engine.store_free < 0:
        return Line(name, "ok", what, "in a machine of its own; how much is free is not known")
    low = engine.store_free < STORE_LOW
    status: Status = "fail" if engine.store_free < STORE_EMPTY else "warn" if low else "ok"
    fix = "contenant clean --stale 30d --images" if low else ""
    return Line(name, status, what, f"{size(engine.store_free)} free at {shlex.quote(engine.store)}", fix)
