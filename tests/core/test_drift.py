"""Record against reality: each difference is one finding, and nothing else is."""

from __future__ import annotations

from typing import Any

import pytest

from contenant.app.drift_look import parse
from contenant.core import drift
from contenant.core.drift import Finding, Inside, Intent, Process, compare
from contenant.core.values import Inspection, Mount
from tests.core.samples import container

POLICY = "f" * 64
CAPS = sum(1 << number for number in drift.NUMBERS.values())
MOUNTS = [
    {"source": "/srv/shop", "target": "/project", "read_only": False},
    {"source": "/state/policy", "target": "/etc/contenant/policy", "read_only": True},
]
SPEC = {
    "mounts": MOUNTS,
    "env": ["CONTENANT_UID"],
    "cap_add": list(drift.NUMBERS),
    "owner": [1000, 1000],
    "cpus": 2,
    "memory": 0,
}
FIREWALL: dict[str, Any] = {
    "ready": True,
    "rules": {"there": True, "as_set": True, "closed": True},
    "mode": "block",
    "policy": POLICY,
    "mounted_policy": POLICY,
    "daemons": {"dnsmasq": 15, "nginx": 16},
}


def process(pid: int, parent: int, name: str, uid: int, caps: int = 0, nnp: bool = True) -> Process:
    return Process(pid, parent, name, uid, dict.fromkeys(drift._SETS, caps), nnp)


PROCESSES = (
    process(1, 0, "tini", 0, CAPS),
    process(6, 1, "entrypoint", 0, CAPS),
    process(9, 6, "supervise", 0, CAPS),
    process(15, 1, "dnsmasq", 64972),
    process(40, 0, "claude", 1000),
    process(41, 40, "node", 1000),
    process(50, 0, "sh", 0, CAPS),
    process(51, 50, "sed", 0, CAPS),
)
INSIDE = Inside(
    processes=PROCESSES,
    own=50,
    mounts={
        "/": False,
        "/proc": False,
        "/project": False,
        "/etc/contenant/policy": True,
        "/project/.git": True,
    },
    variables=frozenset({"PATH", "CONTENANT_UID", "BUILT_IN"}),
    cpus=2.0,
    memory=0,
    firewall=FIREWALL,
    check="",
)
SEEN = Inspection(
    "e1",
    "sha256:a",
    "sha256:d",
    tuple(Mount(m["source"], m["target"]) for m in MOUNTS),
    ("BUILT_IN",),
    2.0,
    0,  # type: ignore[arg-type]
)
INTENT = Intent(container(policy=POLICY), SPEC, "block", "sha256:d")


def findings(seen: Inspection = SEEN, reference: str = "sha256:a", **inside: Any) -> list[tuple[str, str]]:
    found = compare(INTENT, seen, INSIDE._replace(**inside), reference)
    return [(finding.aspect, finding.what) for finding in found]


def firewall(**changed: Any) -> dict[str, Any]:
    return FIREWALL | changed


def test_what_is_as_recorded_has_no_finding() -> None:
    assert findings() == []


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"rules": {"there": False, "as_set": False, "closed": False}}, {"rules", "hooks"}),
        ({"rules": {"there": True, "as_set": False, "closed": True}}, {"rules"}),
        ({"rules": {"there": True, "as_set": True, "closed": False}}, {"hooks"}),
        ({"ready": False}, {"ready mark"}),
        ({"policy": "0" * 64}, {"policy in force"}),
        ({"mounted_policy": "0" * 64}, {"policy at hand"}),
        ({"mode": "audit"}, {"mode"}),
        ({"mode": "off", "daemons": {"dnsmasq": 0, "nginx": 0}}, {"mode"}),
        ({"daemons": {"dnsmasq": 0, "nginx": 16}}, {"dnsmasq"}),
    ],
)
def test_the_firewall(changed: dict[str, Any], expected: set[str]) -> None:
    assert (
        findings(firewall=firewall(**changed)) == [("firewall", what) for what in expected]
        or {what for _, what in findings(firewall=firewall(**changed))} == expected
    )


def test_a_check_that_fails_without_a_reason_of_its_own() -> None:
    assert findings(check="the output hook does not drop") == [("firewall", "check")]


@pytest.mark.parametrize(
    "more",
    [
        process(60, 0, "sleep", 0, CAPS),  # root from outside, by exec
        process(60, 1, "sleep", 0, CAPS),  # root, left behind by one
        process(60, 40, "recorder", 0, CAPS),  # not what keeps a detached session's output
        process(60, 1, "recorder", 0, CAPS | 1 << 21),
        process(60, 40, "escaped", 1000, 1 << 21),
        process(60, 40, "escaped", 1000, 0, nnp=False),
        process(60, 6, "entrypoint", 0, 1 << 21),
        process(60, 0, "other", 4711, 1 << 12),
    ],
)
def test_processes(more: Process) -> None:
    assert findings(processes=(*PROCESSES, more)) == [("process", f"{more.name} (60)")]


def test_what_keeps_the_output_of_a_detached_session_is_expected() -> None:
    more = (process(60, 1, "recorder", 0, CAPS), process(61, 60, "sleep", 1000))
    assert findings(processes=(*PROCESSES, *more)) == []


def test_apples_root_processes_may_gain_privileges() -> None:
    plain = tuple(p._replace(no_new_privs=p.uid != 0) for p in PROCESSES)
    intent = INTENT._replace(container=container(policy=POLICY, engine="container"))
    assert compare(intent, SEEN, INSIDE._replace(processes=plain), "") == []
    assert len(compare(INTENT, SEEN, INSIDE._replace(processes=plain), "")) == 3


@pytest.mark.parametrize(
    ("mounts", "what"),
    [
        ({"/project": False}, "/etc/contenant/policy"),
        ({"/project": True, "/etc/contenant/policy": True}, "/project"),
        ({"/project": False, "/etc/contenant/policy": True, "/opt": False}, "/opt"),
        ({"/project": False, "/etc/contenant/policy": True, "/project/x": False}, "/project/x"),
        ({"/project": False, "/etc/contenant/policy": True, "/process": False}, "/process"),
    ],
)
def test_mounts(mounts: dict[str, bool], what: str) -> None:
    assert findings(mounts=mounts) == [("mount", what)]


def test_the_source_of_a_mount() -> None:
    other = SEEN._replace(mounts=(Mount("/elsewhere", "/project"),))
    assert findings(other) == [("mount", "/project")]


def test_variables_image_and_limits() -> None:
    assert findings(variables=frozenset({"CONTENANT_UID", "EVIL"})) == [("variable", "EVIL")]
    assert findings(variables=frozenset()) == [("variable", "CONTENANT_UID")]
    assert findings(reference="sha256:b") == [("image", "contenant:1 names")]
    assert findings(SEEN._replace(image_digest="sha256:e")) == [("image", "digest")]
    assert findings(cpus=1.0) == [("limit", "cpus")]
    assert findings(SEEN._replace(cpus=0.0)) == [("limit", "cpus")]
    assert findings(memory=1 << 30) == [("limit", "memory")]
    assert findings(memory=-1) == [], "a kernel that does not say is no finding"


def test_the_limit_of_processes() -> None:
    """As it was asked for; else the engine's own, which the kernel must hold."""
    own = SEEN._replace(pids=2048)
    assert findings(own, pids=2048) == findings(own, pids=-1) == findings(SEEN, pids=100) == []
    assert findings(own, pids=0) == findings(own, pids=4096) == [("limit", "pids")]
    for told, held in ((100, 100), (0, 0), (100, 0), (0, 100)):
        asked = INTENT._replace(spec=SPEC | {"pids": 100})
        found = compare(asked, SEEN._replace(pids=told), INSIDE._replace(pids=held), "sha256:a")
        assert [(one.what, one.expected, one.remedy) for one in found] == (
            [] if told == held == 100 else [("pids", "100", "recreate")]
        )


@pytest.mark.parametrize(
    ("asked", "told", "found"),
    [
        ((2, 1 << 30), (2.0, 1 << 30), []),
        ((2, (1 << 30) - 5), (2.0, 1 << 30), []),  # whole MiB there
        ((0, 0), (4.0, 4 << 30), []),  # the engine's own choice
        ((2, 1 << 30), (4.0, 1 << 30), [("cpus", "2", "4")]),
        ((0, 1 << 30), (4.0, 4 << 30), [("memory", str(1 << 30), str(4 << 30))]),
        ((2, 1 << 30), (0.0, 0), [("cpus", "2", "none"), ("memory", str(1 << 30), "none")]),
    ],
)
def test_the_size_of_apples_machines(asked: Any, told: Any, found: list[tuple[str, str, str]]) -> None:
    mine = container(policy=POLICY, engine="container")
    intent = INTENT._replace(container=mine, spec=SPEC | {"cpus": asked[0], "memory": asked[1]})
    seen = SEEN._replace(cpus=told[0], memory=told[1])
    # What the kernel in the machine holds is more, and none of it is a finding.
    differs = compare(intent, seen, INSIDE._replace(cpus=5.0, memory=9 << 30), "")
    assert [(finding.what, finding.expected, finding.found) for finding in differs] == found


def test_a_record_that_was_rebuilt_knows_no_mounts() -> None:
    intent = INTENT._replace(spec={})
    assert compare(intent, SEEN, INSIDE._replace(mounts={"/opt": False}, variables=frozenset()), "") == []


def test_each_finding_is_kept_once_and_its_end_too() -> None:
    one, other = (Finding("limit", what, "1", "2", "recreate") for what in ("cpus", "memory"))
    first = drift.settle(container(), {}, [one, other], "observed")
    assert [change.kind for change in first] == ["drift.found", "drift.found"]
    known = {("limit", "cpus", "1"): "2", ("limit", "memory", "1"): "2"}
    assert drift.settle(container(), known, [one, other], "observed") == []
    later = drift.settle(container(), known, [one._replace(found="3")], "fixed")
    assert [(change.kind, change.data["what"]) for change in later] == [
        ("drift.found", "cpus"),
        ("drift.mended", "memory"),
    ]


def test_two_findings_about_one_process_are_two() -> None:
    more = process(60, 0, "sleep", 0, CAPS, nnp=False)
    found = compare(INTENT, SEEN, INSIDE._replace(processes=(*PROCESSES, more)), "sha256:a")
    assert len({finding.key for finding in found}) == len(found) == 2
    assert len(drift.settle(container(), {}, found, "observed")) == 2


def test_a_session_that_just_begins_is_no_finding() -> None:
    passing = process(60, 0, "session", 0, CAPS)
    looks = [INSIDE._replace(processes=(*PROCESSES, passing)), INSIDE, INSIDE]
    assert compare(INTENT, SEEN, drift.steady(looks), "sha256:a") == []


ANSWER = """@self 50
@processes
Name sh\\x1b[2J
PPid 0
Pid 50
Uid 0 0 0 0
CapInh 0000000000000000
CapEff 00000000000015e1
NoNewPrivs 1
.
.
@mounts
161 159 254:0 /x /project\\040two rw,nosuid - ext4 /dev/vda rw
162 159 254:0 /x /sys ro,nosuid - sysfs sysfs rw
@variables
PATH
@end
@limits
cpu 150000 100000
memory 9223372036854771712
pids 2048
@firewall
{"ready": true}
@check
contenant: firewall: not proven
@end
"""


def test_the_answer_of_the_look() -> None:
    inside = parse(ANSWER)
    assert inside.processes[0]._replace(name="") == Process(
        50, 0, "", 0, {"CapInh": 0, "CapEff": 0x15E1}, True
    )
    assert inside.mounts == {"/project two": False, "/sys": True}
    assert inside.variables == {"PATH", "@end"}, "no name of a variable passes for a section"
    assert (inside.cpus, inside.memory, inside.pids, inside.check) == (1.5, 0, 2048, "not proven")
    assert parse(ANSWER.replace("pids 2048\n", "")).pids == -1


@pytest.mark.parametrize("cut", [10, 200, len(ANSWER) - 6])
def test_half_an_answer_is_none(cut: int) -> None:
    with pytest.raises((ValueError, LookupError)):
        parse(ANSWER[:cut])
