"""The host, contenant itself and its state directory: facts to lines. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from contenant.app.doctor import remedies
from contenant.app.doctor.facts import Facts, Machine, Program, StateFacts
from contenant.app.doctor.line import Line, Status
from contenant.core.sizes import size

OLDEST_PYTHON = (3, 11)
OLDEST_MACOS = (15,)  # Apple's package is built for it
SUPPORTED_MACOS = (26,)  # what Apple supports container on
STATE_LOW, STATE_EMPTY = 1 << 30, 100 << 20  # bytes
_SERVED = frozenset({"x86_64", "amd64", "aarch64", "arm64"})


def check(facts: Facts) -> Iterator[Line]:
    """Program, platform, kernel, configuration, state directory, leftover mounts."""
    yield program(facts.program)
    yield configuration(facts.program)
    yield platform(facts)
    if facts.machine.system.startswith("linux"):
        yield kernel(facts)
    if facts.state is None:
        yield Line("state", "fail", "state directory", "its disk did not answer in time")
        return
    yield state(facts.state, facts.machine)
    yield state_disk(facts.state)
    yield mounts(facts.state, facts.machine)


def program(known: Program) -> Line:
    """contenant's version and Python's."""
    version = ".".join(map(str, known.python))
    text = f"{known.version}, on Python {version}"
    if known.python[:2] >= OLDEST_PYTHON:
        return Line("contenant", "ok", "contenant", text)
    wanted = ".".join(map(str, OLDEST_PYTHON))
    return Line("contenant", "fail", "contenant", f"{text}; it needs {wanted}", f"install Python {wanted}")


def configuration(known: Program) -> Line:
    """Whether the configuration can be read."""
    if known.config_trouble:
        return Line("configuration", "fail", "configuration", known.config_trouble, known.config_hint)
    return Line("configuration", "ok", "configuration", "can be read")


def platform(facts: Facts) -> Line:
    """Whether the agent and an engine can run here at all."""
    machine = facts.machine
    text = f"{machine.release}, {machine.arch}"
    if machine.system == "darwin":
        return Line("platform", *_macos(facts, text))
    if not machine.system.startswith("linux"):
        return Line("platform", "fail", "platform", f"{text}: contenant runs on Linux and macOS")
    if machine.arch not in _SERVED:
        return Line("platform", "fail", "platform", f"{text}: Claude Code is for x86_64 and aarch64")
    return Line("platform", "ok", "platform", text)


def _macos(facts: Facts, text: str) -> tuple[Status, str, str, str]:
    machine, apple = facts.machine, facts.wanted_engine == "container"
    update = "softwareupdate --list"
    if machine.translated:
        return (
            "fail",
            "platform",
            f"{text}: this is an Intel Python under Rosetta, images would be made for Intel",
            "/opt/homebrew/bin/brew install python, then install contenant with that Python",
        )
    if apple and machine.arch != "arm64":
        detail = f"{text}: Apple's container needs Apple silicon"
        return "fail", "platform", detail, remedies.install_engine(machine, "docker")
    if apple and machine.version < OLDEST_MACOS:
        return "fail", "platform", f"{text}: Apple's container needs macOS 15, better 26", update
    if apple and machine.version < SUPPORTED_MACOS:
        detail = f"{text}: Apple supports container on macOS 26; before it containers cannot reach each other"
        return "warn", "platform", detail, update
    return "ok", "platform", text, ""


def kernel(facts: Facts) -> Line:
    """Whether containers find nftables in this kernel: without it their firewall, and they, do not start."""
    machine = facts.machine
    text = f"Linux {machine.kernel}"
    if not any(engine.local for engine in facts.engines if not engine.trouble):
        return Line("kernel", "ok", "kernel", f"{text}; no engine runs containers on it")
    if machine.nf_tables == "no":
        fix = remedies.as_root(machine, "modprobe nf_tables")
        return Line("kernel", "fail", "kernel", f"{text} has no nf_tables: no container could start", fix)
    if machine.nf_tables == "yes":
        return Line("kernel", "ok", "kernel", f"{text}, has nf_tables")
    note = "whether it has nf_tables cannot be seen from here; a container does not start without"
    return Line("kernel", "ok", "kernel", f"{text}; {note}")


def state(known: StateFacts, machine: Machine) -> Line:
    """Whether the state directory can be used, and by nobody else."""
    if not known.there and not known.writable:
        detail = f"{known.path} is not there and cannot be made"
        fix = "set CONTENANT_HOME to a directory that can be written"
        return Line("state", "fail", "state directory", detail, fix)
    if not known.there:
        return Line(
            "state", "ok", "state directory", f"{known.path} is not there yet; the first run makes it"
        )
    foreign = [item for item in known.loose if item.foreign]
    if foreign:
        detail = f"{foreign[0].path} belongs to somebody else"
        detail += f", and {len(foreign) - 1} more" if len(foreign) > 1 else ""
        fix = remedies.as_root(machine, f'chown -R "$(id -un)" {shlex.quote(known.path)}')
        return Line("state", "fail", "state directory", detail, fix)
    if not known.writable:
        detail = f"{known.path} cannot be written"
        return Line("state", "fail", "state directory", detail, f"chmod u+rwx {shlex.quote(known.path)}")
    if known.loose:
        detail = ", ".join(f"{item.path} is open to others ({item.mode:04o})" for item in known.loose)
        fix = " && ".join(f"chmod {item.wanted:o} {shlex.quote(item.path)}" for item in known.loose)
        return Line("state", "fail", "state directory", detail, fix, "modes")
    return Line("state", "ok", "state directory", f"{known.path}, closed to others")


def state_disk(known: StateFacts) -> Line:
    """Room for records, logs, homes and transcripts."""
    if known.free < 0:
        return Line("disk.state", "ok", "disk of the state", "how much is free is not known")
    status: Status = "fail" if known.free < STATE_EMPTY else "warn" if known.free < STATE_LOW else "ok"
    fix = "" if status == "ok" else "contenant clean --stale 30d --images"
    return Line("disk.state", status, "disk of the state", f"{size(known.free)} free", fix)


def mounts(known: StateFacts, machine: Machine) -> Line:
    """Id-mapped mounts of projects whose container is gone."""
    if not known.mounts:
        return Line("mounts", "ok", "leftover mounts", "none")
    fix = remedies.as_root(machine, f"umount {' '.join(shlex.quote(path) for path in known.mounts)}")
    detail = f"{', '.join(known.mounts)}: no container needs {'it' if len(known.mounts) == 1 else 'them'}"
    return Line("mounts", "warn", "leftover mounts", detail, fix, "unmount" if machine.root else "")
