"""What engines and tools print, as they really print it, and what doctor makes of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contenant.app.doctor import reading
from contenant.app.doctor.clock import Answer
from contenant.app.doctor.gather_docker import refused
from contenant.core.values import EngineName

XPC = (
    'Error: failed to list containers: interrupted: "XPC connection error: Connection invalid"\n'
    "Ensure container system service has been started with `container system start`."
)


@pytest.mark.parametrize(
    ("name", "stderr", "trouble"),
    [
        ("podman", "Error: unable to connect to Podman socket: dial unix: connect: refused", "down"),
        ("podman", 'cannot find UID/GID for user me: no subuid ranges found for user "me"', "unusable-ids"),
        ("podman", 'level=error msg="running `/usr/bin/newuidmap`: write to uid_map failed"', "unusable-ids"),
        ("podman", "Error: cannot re-exec process to join the existing user namespace", "unusable-ids"),
        (
            "docker",
            "permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock",
            "permission",
        ),
        (
            "docker",
            "Cannot connect to the Docker daemon at unix:///x.sock. Is the docker daemon running?",
            "down",
        ),
        (
            "docker",
            "error during connect: Get http://10.0.0.1:2375/v1.24/version: dial tcp: i/o timeout",
            "down",
        ),
        (
            "docker",
            'context "x": context not found: open /home/me/.docker/contexts/meta.json: no such file',
            "context",
        ),
        ("docker", "unable to parse docker host `wrong`", "context"),
        (
            "docker",
            "Error response from daemon: client version 1.22 is too old. Minimum supported API is 1.24",
            "too-old",
        ),
        ("container", XPC, "down"),
        ("container", "Error: failed to decode version in health check", "skew"),
        ("container", "Error: Unknown option '--format'", "too-old"),
        ("container", "Error: something else", "failed"),
    ],
)
def test_a_failed_call(name: EngineName, stderr: str, trouble: str) -> None:
    found = reading.diagnose(name, Answer(1, "", stderr))
    assert found.trouble == trouble
    assert found.said and not found.said.startswith("Error:")


def test_other_outcomes_of_a_call() -> None:
    assert reading.diagnose("podman", Answer(0, "{}", "WARN[0000] cannot connect to podman")).trouble == ""
    assert reading.diagnose("docker", Answer(-1, hung=True)).trouble == "wedged"
    assert reading.diagnose("docker", Answer(7)).said == "it exited with 7"


@pytest.mark.parametrize(
    ("name", "version", "trouble"),
    [
        ("podman", "4.3.1", ""),
        ("podman", "3.4.4", "too-old"),
        ("docker", "20.10.24+dfsg1", ""),
        ("docker", "19.03.8", "too-old"),
        ("container", "container CLI version 1.2.2 (build: release, commit: abc1234)", ""),
        ("container", "container CLI version 0.11.0 (build: release, commit: unspeci)", "too-old"),
        ("container", "what?", "failed"),
    ],
)
def test_the_gate_of_versions(name: EngineName, version: str, trouble: str) -> None:
    assert reading.gate(name, version, "linux").trouble == trouble


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", ""),
        ("Error: Error response from daemon: no\n", "no"),
        ("why\ntime=\"2026\" level=warning msg=x\nSee 'docker run --help'.", "why"),
        ("time=only", "time=only"),
        ("x" * 1000, "x" * 300),
    ],
)
def test_the_line_that_says_why(text: str, line: str) -> None:
    assert reading.last_line(text) == line


def test_values_below_objects() -> None:
    data = reading.as_object('{"a": {"b": 1, "c": null, "d": false, "e": [1]}}')
    assert reading.text_at(data, "a", "b") == "1"
    assert reading.text_at(data, "a", "c") == reading.text_at(data, "a", "d") == ""
    assert reading.text_at(data, "a", "e", "x") == reading.text_at(data, "nowhere", "b") == ""
    assert reading.as_object("[1]") == reading.as_object("not json") == {}


def test_cgroups() -> None:
    assert [reading.cgroups_of(text) for text in ("v1", "v2", "1", "2", "", "x")] == [
        "v1", "v2", "v1", "v2", "", "",
    ]  # fmt: skip


def test_ranges_of_ids() -> None:
    text = "me:100000:65536\nyou:165536:65536\n1000:300000:10\nme:broken\n# me:1:1\nme:1:x\n"
    assert reading.id_ranges(text, "me", 1000) == 65546
    assert reading.id_ranges(text, "you", 7) == 65536
    assert reading.id_ranges("", "me", 1000) == 0
    assert reading.listed_ranges("0: me 100000 65536\n1: me 300000 10\n") == 65546
    assert reading.listed_ranges("Error fetching ranges\n") == 0


def test_a_self_test_says_its_first_failure() -> None:
    text = "ok   rules: in the kernel as set\nFAIL denied name x at 127.0.0.1: code 0\nFAIL TLS: open\n"
    assert reading.test_verdict(Answer(1, text)) == "denied name x at 127.0.0.1: code 0"
    assert (
        reading.test_verdict(Answer(1, "", "contenant: firewall: not up\n")) == "contenant: firewall: not up"
    )
    assert reading.test_verdict(Answer(3)) == "exit code 3"
    assert reading.test_verdict(Answer(-1, hung=True, seconds=10)) == "no answer within 10 s"


def test_time_machine() -> None:
    assert reading.time_machine(Answer(0, "[Excluded]    /Users/me/x\n")) == "excluded"
    assert reading.time_machine(Answer(0, "[Included]    /Users/me/x\n")) == "included"
    assert reading.time_machine(Answer(-1)) == ""


def test_daemons_that_contenant_cannot_use() -> None:
    assert refused({"SecurityOptions": ["name=seccomp,profile=default"]}) == ""
    assert "without root" in refused({"SecurityOptions": ["name=seccomp", "name=rootless"]})
    assert "remaps" in refused({"SecurityOptions": ["name=userns"]})
    assert refused({}) == ""


@given(st.text(), st.text())
def test_nothing_that_is_printed_breaks_the_reader(out: str, err: str) -> None:
    answer = Answer(1, out, err)
    for name in ("podman", "docker", "container"):
        assert reading.diagnose(name, answer).trouble != ""
        reading.gate(name, out, "linux")
    reading.text_at(reading.as_object(out), "a", "b")
    reading.listed_ranges(out)
    reading.id_ranges(out, "me", 1)
    reading.test_verdict(answer)
