"""`contenant verify --drift` on real engines: each drift is caused for real, behind contenant's back."""

from __future__ import annotations

import contextlib
import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from contenant.app.desired import CAPABILITIES
from tests.real.conftest import Contenant, wait_for

pytestmark = pytest.mark.real

KEEP = {"CONTENANT_KEEP_RUNNING": "true"}


SUPERVISORS = """for place in /proc/[0-9]*; do
    [ "${place#/proc/}" = $$ ] && continue
    case $(tr '\\0' ' ' <"$place/cmdline" 2>/dev/null) in *firewall/supervise*) echo "${place#/proc/}" ;; esac
done"""


class Box:
    """A project's running container."""

    def __init__(self, contenant: Contenant, project: Path, *options: str) -> None:
        self.contenant, self.project = contenant, project
        contenant.ok(*options, "--", "true", cwd=project, env=KEEP)
        self.row = contenant.rows(project)[0]
        self.name = str(self.row["name"])

    def verify(self, *options: str) -> tuple[int, list[dict[str, Any]]]:
        """`verify --drift`: exit code and findings."""
        done = self.contenant("verify", "--drift", *options, "--json", cwd=self.project, env=KEEP)
        assert done.returncode in (0, 6), done.stderr
        return done.returncode, json.loads(done.stdout)

    def found(self, *options: str) -> set[tuple[str, str]]:
        """Aspect and what, of a look that must find something."""
        code, rows = self.verify(*options)
        assert code == 6
        return {(row["aspect"], row["what"]) for row in rows}

    def root(self, *argv: str) -> str:
        return self.contenant.raw("exec", "--user", "0", self.name, *argv)

    def events(self, kind: str) -> list[dict[str, Any]]:
        rows = self.contenant.history(self.project, "--kind", kind)
        return [row["data"]["data"] for row in rows]

    @contextlib.contextmanager
    def without_supervisor(self) -> Iterator[None]:
        """It would put rules and daemons back within seconds: it is held still."""
        pids = wait_for(lambda: self.root("sh", "-c", SUPERVISORS).split())
        for pid in pids:
            self.root("kill", "-STOP", pid)
        yield
        for pid in pids:
            self.root("kill", "-CONT", pid)


@pytest.fixture
def box(contenant: Contenant, project: Path) -> Box:
    return Box(contenant, project)


def test_nothing_differs_in_a_container_that_was_left_alone(box: Box) -> None:
    assert box.verify() == (0, [])
    session = box.contenant.start("--", "sleep", "300", cwd=box.project)
    wait_for(lambda: box.contenant.rows(box.project)[0]["sessions_live"])
    assert box.verify() == (0, []), "a session is no drift"
    assert json.loads(box.contenant.ok("show", "--json", cwd=box.project))["inside"] == {
        "looked": True,
        "why": "",
        "findings": [],
    }
    assert box.events("drift") == []
    session.kill()


def test_flushed_rules_are_found_kept_and_put_back(box: Box) -> None:
    with box.without_supervisor():
        box.root("nft", "flush", "table", "inet", "contenant")
        assert ("firewall", "rules") in box.found()
        shown = box.contenant("show", "--json", cwd=box.project)
        assert shown.returncode == 6
        assert json.loads(shown.stdout)["inside"]["findings"]
        found = box.events("drift.found")
        assert {(data["aspect"], data["what"]) for data in found} >= {("firewall", "rules")}
        assert len(found) == len({(data["aspect"], data["what"]) for data in found}), "told once each"
        code, rows = box.verify("--fix")
        assert (code, {row["state"] for row in rows}) == (0, {"fixed"})
        assert box.verify() == (0, [])
        assert {data["how"] for data in box.events("drift.mended")} == {"fixed"}
        assert box.contenant("--", "true", cwd=box.project, env=KEEP).returncode == 0


def test_a_deleted_table_is_found_and_put_back(box: Box) -> None:
    with box.without_supervisor():
        box.root("nft", "delete", "table", "inet", "contenant")
        assert ("firewall", "rules") in box.found()
        assert box.verify("--fix")[0] == 0


def test_a_policy_that_was_changed_behind_its_record(box: Box) -> None:
    policy = box.contenant.home / "state" / "containers" / box.name / "policy" / "policy.json"
    document = json.loads(policy.read_text())
    document["policy"]["mode"] = "off"
    document.pop("hash")
    policy.write_text(json.dumps(document))
    assert ("firewall", "policy at hand") in box.found()
    box.root("/usr/local/lib/contenant/firewall/apply", "/etc/contenant/policy")
    assert {("firewall", "policy in force"), ("firewall", "mode")} <= box.found()
    assert box.verify("--fix")[0] == 0
    assert box.verify() == (0, [])


def test_a_process_as_root_is_found(box: Box) -> None:
    argv = [box.contenant.engine, "exec", "--user", "0", box.name, "sleep", "300"]
    process = subprocess.Popen(argv, env=box.contenant.env)
    try:
        time.sleep(1)
        code, rows = box.verify("--fix")
        (row,) = rows
        assert (code, row["aspect"], row["state"], row["remedy"]) == (6, "process", "open", "restart")
        assert row["what"].startswith("sleep (")
        assert "uid 0" in row["found"]
    finally:
        box.root("sh", "-c", "kill $(grep -l ^sleep /proc/[0-9]*/comm | cut -d/ -f3)")
        process.wait()
    assert box.verify() == (0, [])
    assert [data["how"] for data in box.events("drift.mended")] == ["observed"]


def test_privileges_of_a_process_are_found(box: Box) -> None:
    """The host's root steps into the container, with all it has."""
    pid = box.contenant.raw("inspect", "--format", "{{.State.Pid}}", box.name)
    process = subprocess.Popen(["nsenter", "-t", pid, "-m", "-p", "sleep", "300"])
    try:
        time.sleep(1)
        rows = [row for row in box.verify()[1] if row["what"].startswith("sleep (")]
        assert {row["aspect"] for row in rows} == {"process"}
        assert {row["expected"] for row in rows} == {
            "no process as root that contenant did not start",
            "no_new_privs",
        }
        held = int(rows[0]["found"].rpartition(" ")[2], 16)
        assert held & (1 << 21), "CAP_SYS_ADMIN"
    finally:
        process.terminate()
        process.wait()


def test_limits_that_were_changed(contenant: Contenant, project: Path) -> None:
    box = Box(contenant, project, "--memory", "512m", "--pids", "500")
    assert box.verify() == (0, [])
    box.contenant.raw("update", "--memory", "256m", "--memory-swap", "256m", box.name)
    (row,) = box.verify()[1]
    assert (row["aspect"], row["what"], row["expected"]) == ("limit", "memory", str(512 * 1024**2))
    assert (row["found"], row["remedy"]) == (str(256 * 1024**2), "recreate")
    if contenant.engine == "podman":  # 4.3 changes no limit of processes
        return
    box.contenant.raw("update", "--memory", "512m", "--memory-swap", "512m", "--pids-limit", "99", box.name)
    (row,) = box.verify()[1]
    assert (row["aspect"], row["what"], row["expected"], row["found"]) == ("limit", "pids", "500", "99")


def test_another_image_under_the_same_name(box: Box) -> None:
    image = str(box.row["image"])
    own = box.contenant.raw("inspect", "--format", "{{.Image}}", box.name)
    other = box.contenant.raw("commit", box.name)
    try:
        box.contenant.raw("tag", other, image)
        (row,) = box.verify()[1]
        assert (row["aspect"], row["remedy"]) == ("image", "recreate")
        assert other.removeprefix("sha256:")[:12] in row["found"]
    finally:
        box.contenant.raw("tag", own, image)
        box.contenant.raw("rmi", other)
    assert box.verify() == (0, [])


def test_a_mount_that_was_added(box: Box) -> None:
    pid = box.contenant.raw("inspect", "--format", "{{.State.Pid}}", box.name)
    subprocess.run(["nsenter", "-t", pid, "-m", "mount", "-t", "tmpfs", "none", "/opt"], check=True)
    rows = box.verify()[1]
    assert ("mount", "/opt") in {(row["aspect"], row["what"]) for row in rows}
    assert ("mount", "/opt/contenant/host") not in {(row["aspect"], row["what"]) for row in rows}


def test_a_mount_that_was_opened(box: Box) -> None:
    pid = box.contenant.raw("inspect", "--format", "{{.State.Pid}}", box.name)
    target = "/etc/contenant/policy"
    subprocess.run(["nsenter", "-t", pid, "-m", "mount", "-o", "remount,bind,rw", target], check=True)
    (row,) = box.verify()[1]
    assert (row["aspect"], row["what"], row["found"]) == ("mount", target, "writable")


def test_a_container_that_took_the_place_of_the_recorded_one(box: Box) -> None:
    """Same name, same labels, the same mounts; another variable, and more capabilities."""
    data = json.loads(box.contenant.raw("inspect", box.name))[0]
    labels = [f"--label={key}={value}" for key, value in data["Config"]["Labels"].items()]
    mounts = [
        f"--volume={mount['Source']}:{mount['Destination']}{'' if mount['RW'] else ':ro'}"
        for mount in data["Mounts"]
    ]
    known = [f"--env={entry}" for entry in data["Config"]["Env"] if entry.startswith("CONTENANT_")]
    limits = [
        f"--ulimit={limit['Name'].removeprefix('RLIMIT_').lower()}={limit['Soft']}:{limit['Hard']}"
        for limit in data["HostConfig"]["Ulimits"] or ()
    ]
    box.contenant.raw("rm", "-f", box.name)
    box.contenant.raw(
        *("run", "-d", "--name", box.name, "--user", "0:0", "--cap-drop", "ALL", "--env=EVIL=1"),
        *(f"--cap-add={capability}" for capability in (*CAPABILITIES, "SYS_PTRACE")),
        *("--security-opt", "no-new-privileges", *labels, *mounts, *known, *limits, str(box.row["image"])),
    )
    wait_for(lambda: "true" in box.root("sh", "-c", "[ -f /run/contenant/ready ] && echo true || echo no"))
    found = box.found()
    assert ("variable", "EVIL") in found
    assert any(aspect == "process" and what == "tini (1)" for aspect, what in found)


def test_what_does_not_run_cannot_be_looked_into(contenant: Contenant, project: Path) -> None:
    done = contenant("verify", "--drift", cwd=project)
    assert done.returncode == 4
    contenant.ok("--", "true", cwd=project)
    done = contenant("verify", "--drift", cwd=project)
    assert (done.returncode, "does not run" in done.stderr) == (4, True)
    assert json.loads(contenant.ok("show", "--json", cwd=project))["inside"]["why"] == "it does not run"


def test_the_firewall_of_a_renamed_container(contenant: Contenant, project: Path) -> None:
    """A rule goes where its policy is mounted from, and the container is told by its new name."""
    keep = {"CONTENANT_KEEP_RUNNING": "true"}
    contenant.ok("--", "true", cwd=project, env=keep)
    name = str(contenant.rows(project)[0]["name"])
    contenant.raw("rename", name, f"{name}-other")
    allow = ("firewall", "allow", "a.example.com", "--reason", "needed", "--json")
    (rule,) = json.loads(contenant.ok(*allow, cwd=project, env=keep))
    assert rule["in_force"] == "now"
    inside = contenant.raw("exec", f"{name}-other", "cat", "/etc/contenant/policy/policy.json")
    assert "a.example.com" in inside
    assert json.loads(contenant.ok("verify", "--drift", "--json", cwd=project, env=keep)) == []
    contenant.ok("firewall", "show", cwd=project, env=keep)
    contenant.ok("clean", "--yes", "--force", cwd=project)
    assert str(contenant.home) not in Path("/proc/self/mountinfo").read_text()
