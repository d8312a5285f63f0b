"""A look into a running container: one `exec` as root. Nothing in the answer is the agent's to say."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from typing import Any

from contenant.core.drift import Inside, Process, steady
from contenant.core.plan_run import anew
from contenant.core.records import ContainerRecord
from contenant.core.values import ExecSpec
from contenant.engines.base import Engine
from contenant.errors import FirewallError
from contenant.process import capture

SECONDS = 30.0
LOOKS, PAUSE = 3, 0.4  # only where a first look finds a process to wonder about
_CPU_MAX = 1 << 62  # what cgroup v1 says for no limit is just below

# `-p` and a fixed PATH: the environment of an exec is none of the agent's, and stays so.
SCRIPT = r"""
PATH=/usr/sbin:/usr/bin:/sbin:/bin
here=/usr/local/lib/contenant/firewall
echo "@self $$"
echo @processes
for file in /proc/[0-9]*/status; do
    sed -n -E 's/^(Name|Pid|PPid|Uid|Cap[A-Z][a-z]+|NoNewPrivs):[ \t]*/\1 /p; $s/.*/./p' "$file" 2>/dev/null
done
echo @mounts
cat /proc/1/mountinfo
echo @variables
tr '\0\n' '\n ' </proc/1/environ | cut -d= -f1
echo @limits
if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
    echo "cpu $(cat /sys/fs/cgroup/cpu.max 2>/dev/null)"
    echo "memory $(cat /sys/fs/cgroup/memory.max 2>/dev/null)"
    echo "pids $(cat /sys/fs/cgroup/pids.max 2>/dev/null)"
else
    cd /sys/fs/cgroup || exit
    echo "cpu $(cat cpu/cpu.cfs_quota_us 2>/dev/null) $(cat cpu/cpu.cfs_period_us 2>/dev/null)"
    echo "memory $(cat memory/memory.limit_in_bytes 2>/dev/null)"
    echo "pids $(cat pids/pids.max 2>/dev/null)"
fi
echo @firewall
"$here/status"
echo @check
"$here/check" 2>&1 || :
echo @end
"""


def look(engine: Engine, container: ContainerRecord) -> Inside:
    """What the container says now. Raises FirewallError where it does not, or not all of it."""
    first = _look(engine, container)
    if all(process.uid or process.parent or process.pid in (1, first.own) for process in first.processes):
        return first
    more = []
    for _ in range(LOOKS - 1):  # a session that just begins is root for a moment
        time.sleep(PAUSE)
        more.append(_look(engine, container))
    return steady([first, *more])


def _look(engine: Engine, container: ContainerRecord) -> Inside:
    argv = engine.exec_argv(container.name, ExecSpec(argv=("/bin/sh", "-p", "-c", SCRIPT)))
    hint = f"it may be stopping, or its image too old; `{anew(container.variant)}` makes it anew"
    try:
        done = capture(argv, timeout=SECONDS)
    except OSError as error:
        raise FirewallError(f"{container.name} cannot be looked into: {error}", hint=hint) from error
    try:
        return parse(done.stdout)
    except (ValueError, LookupError) as error:
        told = done.stderr.strip().rpartition("\n")[2] or f"its answer is not whole ({error})"
        raise FirewallError(f"{container.name} cannot be looked into: {told}", hint=hint) from error


def parse(text: str) -> Inside:
    """The answer of SCRIPT. Raises ValueError or LookupError where it is not whole."""
    parts = _parts(text)
    report: dict[str, Any] = json.loads(" ".join(parts["firewall"]))
    limits = dict(line.partition(" ")[::2] for line in parts["limits"])
    return Inside(
        processes=tuple(_processes(parts["processes"])),
        own=int(parts["self"][0]),
        mounts=dict(_mount(line) for line in parts["mounts"]),
        variables=frozenset(line for line in parts["variables"] if line),
        cpus=_cpus(limits["cpu"].split()),
        memory=_whole(limits["memory"].strip()),
        firewall=report,
        check=" ".join(parts["check"]).removeprefix("contenant: firewall: "),
        pids=_whole(limits.get("pids", "").strip()),
    )


def _parts(text: str) -> dict[str, list[str]]:
    """Section -> lines. A variable's name might begin with @: only known sections count, in their order."""
    names = ("self", "processes", "mounts", "variables", "limits", "firewall", "check", "end")
    parts: dict[str, list[str]] = {}
    current: list[str] = []
    for line in text.splitlines():
        word, _, rest = line.removeprefix("@").partition(" ")
        if line.startswith("@") and len(parts) < len(names) and word == names[len(parts)]:
            current = parts.setdefault(word, [rest] if rest else [])
        else:
            current.append(line)
    parts["end"]  # raises where the answer was cut off
    return parts


def _processes(lines: Sequence[str]) -> Iterator[Process]:
    fields: dict[str, str] = {}
    for line in lines:
        if line != ".":
            word, _, value = line.partition(" ")
            fields[word] = value
            continue
        if "Pid" in fields:  # one that ended meanwhile leaves nothing
            yield Process(
                pid=int(fields["Pid"]),
                parent=int(fields["PPid"]),
                name=fields.get("Name", ""),
                uid=int(fields["Uid"].split()[1]),
                capabilities={
                    name: int(value, 16) for name, value in fields.items() if name.startswith("Cap")
                },
                no_new_privs=fields["NoNewPrivs"] == "1",
            )
        fields = {}


def _mount(line: str) -> tuple[str, bool]:
    """A line of mountinfo: target and whether it is read-only (proc(5))."""
    fields = line.split(" ")
    target = fields[4].encode("ascii", "backslashreplace").decode("unicode_escape").encode("latin-1")
    return target.decode("utf-8", "surrogateescape"), "ro" in fields[5].split(",")


def _cpus(words: Sequence[str]) -> float:
    """`max 100000`, `200000 100000`, or v1's `-1 100000`; -1 where the kernel does not say."""
    if len(words) < 2:
        return -1.0
    return 0.0 if words[0] in ("max", "-1") else int(words[0]) / int(words[1])


def _whole(text: str) -> int:
    if not text:
        return -1
    return 0 if text == "max" or int(text) >= _CPU_MAX else int(text)
