"""What was recorded of a container against what really is in it. Pure: facts in, findings and changes out."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from contenant.core import changes
from contenant.core.changes import Change
from contenant.core.records import ContainerRecord
from contenant.core.values import Inspection
from contenant.core.worktree import common_in

Remedy = Literal["live", "restart", "recreate"]

# Numbers of the capabilities that contenant ever gives (linux/capability.h).
NUMBERS = {
    "CHOWN": 0,
    "KILL": 5,
    "SETGID": 6,
    "SETUID": 7,
    "SETPCAP": 8,
    "NET_BIND_SERVICE": 10,
    "NET_ADMIN": 12,
}
_MIB = 1 << 20
_SETS = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")
# What engines mount or set by themselves.
_OWN_TARGETS = ("/", "/etc/hosts", "/etc/hostname", "/etc/resolv.conf", "/run/.containerenv", "/.dockerenv")
_OWN_BELOW = ("/proc", "/sys", "/dev", "/run/secrets")
_OWN_NAMES = frozenset({"container", "HOME", "HOSTNAME", "PATH", "TERM", "LANG", "USER"})


class Process(NamedTuple):
    """One process in the container, as /proc has it."""

    pid: int
    parent: int
    name: str
    uid: int
    capabilities: Mapping[str, int]  # CapInh, CapPrm, CapEff, CapBnd, CapAmb
    no_new_privs: bool


class Inside(NamedTuple):
    """What a running container says about itself."""

    processes: tuple[Process, ...]
    own: int  # pid of the process that looked
    mounts: Mapping[str, bool]  # target -> read-only
    variables: frozenset[str]  # names in the environment of process 1
    cpus: float  # limit, 0: none
    memory: int  # bytes, 0: none
    firewall: Mapping[str, Any]  # the firewall's own report
    check: str  # what its check before each session says, "" where all is well
    pids: int = -1  # limit of processes and threads, 0: none, -1 where the kernel does not say


class Intent(NamedTuple):
    """What is on record."""

    container: ContainerRecord
    spec: Mapping[str, Any]  # what was asked of the engine, {} where the record was rebuilt from labels
    mode: str  # of the recorded policy, "" where it is not on record
    digest: str  # of the image as it was built, "" where that is not on record


class Finding(NamedTuple):
    """One difference."""

    aspect: str  # firewall, process, mount, variable, image or limit
    what: str
    expected: str
    found: str
    remedy: Remedy  # live: --fix puts it back; restart: stop and start; recreate: make it anew

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells it from others of the same container."""
        return self.aspect, self.what, self.expected


def compare(intent: Intent, inspection: Inspection, inside: Inside, reference_id: str) -> list[Finding]:
    """Every difference. `reference_id`: the engine's id of the image that its reference names now."""
    return [
        *_firewall(intent, inside),
        *_processes(intent, inside),
        *_mounts(intent, inspection, inside),
        *_variables(intent, inspection, inside),
        *_image(intent, inspection, reference_id),
        *_limits(intent, inspection, inside),
    ]


def _firewall(intent: Intent, inside: Inside) -> Iterator[Finding]:
    report, rules = inside.firewall, inside.firewall.get("rules", {})
    off = report.get("mode") == "off"
    wanted = (
        ("ready mark", "there", bool(report.get("ready")), "missing", "restart"),
        ("rules", "in the kernel", bool(rules.get("there")), "missing", "live"),
        ("rules", "as they were set", not rules.get("there") or bool(rules.get("as_set")), "changed", "live"),
        ("hooks", "drop what no rule allows", off or bool(rules.get("closed")), "open", "live"),
    )
    for what, expected, holds, found, remedy in wanted:
        if not holds:
            yield Finding("firewall", what, expected, found, remedy)  # type: ignore[arg-type]  # literals
    for name, pid in report.get("daemons", {}).items():
        if not pid and not off:
            yield Finding("firewall", name, "running", "not running", "live")
    for what, key in (("policy in force", "policy"), ("policy at hand", "mounted_policy")):
        if intent.container.policy and report.get(key) != intent.container.policy:
            yield Finding("firewall", what, intent.container.policy, str(report.get(key, "")), "live")
    if intent.mode and report.get("mode") != intent.mode:
        yield Finding("firewall", "mode", intent.mode, str(report.get("mode", "")), "live")
    if inside.check and all(finding[2] for finding in wanted):
        yield Finding("firewall", "check", "passes", inside.check, "live")


def _processes(intent: Intent, inside: Inside) -> Iterator[Finding]:
    by_pid = {process.pid: process for process in inside.processes}
    spec = intent.spec or {"cap_add": list(NUMBERS), "owner": (-1, -1)}
    most = sum(1 << NUMBERS[name] for name in spec["cap_add"])
    agent = int(spec["owner"][0])
    strict = intent.container.engine != "container"  # Apple's has no such option: root there may gain
    first = min((p.pid for p in inside.processes if p.parent == 1 and p.uid == 0), default=0)
    for process in inside.processes:
        line = _ancestors(process.pid, by_pid)
        if inside.own in line:
            continue
        told = f"{visible(process.name)} ({process.pid})"
        started = process.pid == 1 or first in line or _keeps_output(process)
        if process.uid == 0 and not started:
            yield Finding(
                "process", told, "no process as root that contenant did not start", _held(process), "restart"
            )
        elif (held := _surplus(process, most if process.uid == 0 else 0)) and process.uid == agent:
            yield Finding("process", told, "no capabilities", held, "restart")
        elif held:
            yield Finding("process", told, "only contenant's capabilities", held, "restart")
        if not process.no_new_privs and (strict or process.uid != 0):
            yield Finding("process", told, "no_new_privs", "may gain privileges", "restart")


def _ancestors(pid: int, by_pid: Mapping[int, Process]) -> list[int]:
    """A process and those it comes from, up to one whose parent is outside."""
    line: list[int] = []
    while pid in by_pid and pid not in line:
        line.append(pid)
        pid = by_pid[pid].parent
    return line


def _keeps_output(process: Process) -> bool:
    """Whether it is a detached session's recorder (image/recorder), which outlives the exec that began it."""
    return process.parent == 1 and process.name == "recorder"


def _held(process: Process) -> str:
    return f"uid {process.uid}, effective capabilities {process.capabilities['CapEff']:016x}"


def _surplus(process: Process, most: int) -> str:
    more = [f"{name} {value:016x}" for name, value in process.capabilities.items() if value & ~most]
    return ", ".join(more)


def visible(text: str) -> str:
    """A name that the agent chose, without what a terminal would act on."""
    return "".join(char if char.isprintable() else "?" for char in text)


def _mounts(intent: Intent, inspection: Inspection, inside: Inside) -> Iterator[Finding]:
    if not intent.spec:
        return
    sources = {mount.target: mount.source for mount in inspection.mounts}
    wanted = {str(mount["target"]): mount for mount in intent.spec["mounts"]}
    for target, mount in wanted.items():
        expected = f"{mount['source']}{', read-only' if mount['read_only'] else ''}"
        if target not in inside.mounts:
            yield Finding("mount", target, expected, "not mounted", "recreate")
        elif inside.mounts[target] != bool(mount["read_only"]):
            found = "read-only" if inside.mounts[target] else "writable"
            yield Finding("mount", target, expected, found, "recreate")
        elif sources.get(target, mount["source"]) != mount["source"]:
            yield Finding("mount", target, expected, sources[target], "recreate")
    common = common_in(intent.spec["mounts"])
    shielded = ("/project/", f"{common}/") if common else ("/project/",)
    for target, read_only in inside.mounts.items():
        shield = read_only and target.startswith(shielded)
        if target not in wanted and not shield and not _is_engines(target):
            found = sources.get(target) or "mounted"
            yield Finding(
                "mount", target, "nothing mounted", f"{found}{', read-only' * read_only}", "recreate"
            )


def _is_engines(target: str) -> bool:
    return target in _OWN_TARGETS or any(f"{target}/".startswith(f"{own}/") for own in _OWN_BELOW)


def _variables(intent: Intent, inspection: Inspection, inside: Inside) -> Iterator[Finding]:
    if not intent.spec:
        return
    wanted = frozenset(intent.spec["env"])
    known = wanted | frozenset(inspection.image_variables) | _OWN_NAMES
    for name in sorted(inside.variables - known):
        yield Finding("variable", visible(name), "not set", "set", "recreate")
    for name in sorted(wanted - inside.variables):
        yield Finding("variable", name, "set", "not set", "recreate")


def _image(intent: Intent, inspection: Inspection, reference_id: str) -> Iterator[Finding]:
    image = intent.container.image
    if inspection.image_id and reference_id and inspection.image_id != reference_id:
        yield Finding("image", f"{image} names", inspection.image_id, reference_id, "recreate")
    digests = (inspection.image_digest, inspection.image_id)
    if intent.digest and inspection.image_digest and intent.digest not in digests:
        yield Finding("image", "digest", intent.digest, inspection.image_digest, "recreate")


def _limits(intent: Intent, inspection: Inspection, inside: Inside) -> Iterator[Finding]:
    """What the engine says and what the kernel holds."""
    if not intent.spec:
        return
    if intent.container.engine == "container":
        yield from _machine(intent, inspection)
        return
    pids = float(intent.spec.get("pids") or max(inspection.pids, 0))  # 0: the engine's own choice
    for what, asked, told, held in (
        ("cpus", float(intent.spec["cpus"]), inspection.cpus, inside.cpus),
        ("memory", float(intent.spec["memory"]), float(inspection.memory), float(inside.memory)),
        ("pids", pids, float(inspection.pids), float(inside.pids if inspection.pids >= 0 else -1)),
    ):
        wrong = [value for value in (held, told) if value >= 0 and value != asked]
        if wrong:
            yield Finding("limit", what, _limit(asked), _limit(wrong[0]), "recreate")


def _machine(intent: Intent, inspection: Inspection) -> Iterator[Finding]:
    """Apple's machines: as the engine has them. What was not asked for is the engine's own to choose; memory
    is whole MiB there, and the kernel in the machine sees what the engine adds for itself.
    """
    memory = -(-int(intent.spec["memory"]) // _MIB) * _MIB
    for what, asked, told in (
        ("cpus", float(intent.spec["cpus"]), inspection.cpus),
        ("memory", float(memory), float(inspection.memory)),
    ):
        if asked and told != asked:
            yield Finding("limit", what, _limit(asked), _limit(told), "recreate")


def _limit(value: float) -> str:
    return f"{value:g}" if value % 1 else str(int(value)) if value else "none"


def settle(
    container: ContainerRecord, known: Mapping[tuple[str, str, str], str], found: Sequence[Finding], how: str
) -> list[Change]:
    """What to record: findings that are new or other than before, and known ones that are no more.

    `known`: key of a finding -> found, of what was found before and not mended since; `how` it went.
    """
    now = {finding.key: finding for finding in found}
    fresh = [finding for key, finding in now.items() if known.get(key) != finding.found]
    return [
        *(changes.drift_found(container, finding._asdict()) for finding in fresh),
        *(changes.drift_mended(container, *key, how) for key in known if key not in now),
    ]


def steady(looks: Iterable[Inside]) -> Inside:
    """Several looks as one: a process counts that was there, alike, each time. A session begins as root."""
    first, *others = looks
    seen = [{(p.pid, p.name, p.uid, p.parent) for p in look.processes} for look in others]
    lasting = tuple(
        p
        for p in first.processes
        if p.pid == first.own or all((p.pid, p.name, p.uid, p.parent) in s for s in seen)
    )
    return first._replace(processes=lasting)
