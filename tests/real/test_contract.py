"""The main job on every engine: one container per project, sessions in it, a true record."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from tests.real import behind
from tests.real.conftest import APPLE, LINUX, Contenant, names, wait_for
from tests.sockets import free_port

pytestmark = pytest.mark.real
ENGINES = (*LINUX, *APPLE)
# What no release of Apple's changed: how words are handed on, and what contenant does by itself.
ONE_ERA = pytest.mark.engines(*LINUX, "container-1.2.2")


def test_a_second_run_comes_back_to_the_same_container(contenant: Contenant, project: Path) -> None:
    contenant.ok("--", "sh", "-c", "echo kept > /tmp/mark; cat /project/hello.txt", cwd=project)
    first = contenant.rows(project)
    assert contenant.ok("--", "cat", "/tmp/mark", cwd=project) == "kept\n"
    second = contenant.rows(project)
    assert names(first) == names(second)
    assert len(second) == 1
    assert second[0]["project"] == str(project)
    assert second[0]["sessions_total"] == 2
    assert behind.containers(contenant).count(second[0]["name"]) == 1


@ONE_ERA
@pytest.mark.parametrize(
    ("command", "code"),
    [
        (("true",), 0),
        (("sh", "-c", "exit 7"), 7),
        (("sh", "-c", "kill -TERM $$"), 143),
        (("no-such-command",), 127),
        (("/project/hello.txt",), 126),
    ],
)
def test_exit_codes_pass_through(
    contenant: Contenant, project: Path, command: tuple[str, ...], code: int
) -> None:
    done = contenant("--", *command, cwd=project)
    assert done.returncode == code, done.stderr
    session = contenant.history(project, "--kind", "session")[0]
    assert session["data"]["exit_code"] == code
    if code in (126, 127):
        assert len(done.stderr.strip().splitlines()) == 1
        assert command[0] in done.stderr


@ONE_ERA
def test_streams_are_pipes(contenant: Contenant, project: Path) -> None:
    data = bytes(range(256)) * 5000
    process = contenant.start("--", "cat", cwd=project)
    out, err = process.communicate(data, timeout=60)
    assert process.returncode == 0, err
    assert out == data
    assert err == b""


@ONE_ERA
def test_standard_output_and_error_stay_apart(contenant: Contenant, project: Path) -> None:
    done = contenant("--", "sh", "-c", "echo out; echo err >&2", cwd=project)
    assert (done.stdout, done.stderr) == ("out\n", "err\n")


def test_what_the_agent_writes_belongs_to_the_owner_of_the_project(
    contenant: Contenant, project: Path
) -> None:
    contenant.ok("--", "sh", "-c", "mkdir sub && echo new > sub/file && echo more >> hello.txt", cwd=project)
    owner = project.stat()
    for path in (project / "sub", project / "sub/file", project / "hello.txt"):
        assert (path.stat().st_uid, path.stat().st_gid) == (owner.st_uid, owner.st_gid)
    assert (project / "hello.txt").read_text() == "hello\nmore\n"


def test_a_project_of_an_ordinary_user(contenant: Contenant, project: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can make a project of somebody else's")
    for path in (project, *project.iterdir()):
        os.chown(path, 4242, 4343)
    assert contenant.ok("--", "sh", "-c", "id -u; id -g; touch made", cwd=project).split() == ["4242", "4343"]
    assert ((project / "made").stat().st_uid, (project / "made").stat().st_gid) == (4242, 4343)


def test_the_agent_is_nobody_and_stays_nobody(contenant: Contenant, project: Path) -> None:
    status = contenant.ok("--", "cat", "/proc/self/status", cwd=project)
    fields = dict(line.split(":\t") for line in status.splitlines() if ":\t" in line)
    assert fields["Uid"].split()[0] != "0"
    for kind in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert int(fields[kind], 16) == 0, kind
    assert fields["NoNewPrivs"] == "1"


def test_read_only_project(contenant: Contenant, project: Path) -> None:
    done = contenant("--read-only", "--", "touch", "/project/new", cwd=project)
    assert done.returncode == 1
    assert "Read-only file system" in done.stderr


def test_environment_mounts_and_limits(contenant: Contenant, project: Path, tmp_path: Path) -> None:
    extra = tmp_path / "extra data"
    extra.mkdir()
    (extra / "file").write_text("extra\n")
    out = contenant.ok(
        *(
            "--env",
            "GREETING=a 'b' $c",
            "--env",
            "TAKEN",
            "--mount",
            f"{extra}:/extra:ro",
            "--memory",
            "700m",
        ),
        *("--", "sh", "-c", 'echo "$GREETING $TAKEN"; cat /extra/file; touch /extra/x 2>&1 | wc -l'),
        cwd=project,
        env={"TAKEN": "over"},
    )
    assert out.splitlines() == ["a 'b' $c over", "extra", "1"]
    assert "GREETING" not in contenant.raw("inspect", contenant.rows(project)[0]["name"])


def test_a_published_port_is_the_hosts_own_only(contenant: Contenant, project: Path) -> None:
    port = free_port()
    contenant.ok("--publish", f"{port}:8000", "--", "true", cwd=project)
    name = contenant.rows(project)[0]["name"]
    assert behind.bindings(contenant, name) == [("127.0.0.1", port, 8000)]


def test_two_sessions_at_once_and_the_last_one_stops_it(contenant: Contenant, project: Path) -> None:
    first = contenant.start("--", "sh", "-c", "echo up; read line", cwd=project)
    assert first.stdout is not None
    assert first.stdin is not None
    assert first.stdout.readline() == b"up\n"
    assert contenant.ok("--", "echo", "beside", cwd=project) == "beside\n"
    row = contenant.rows(project)[0]
    assert (row["state"], row["sessions_live"], row["sessions_total"]) == ("running", 1, 2)
    first.communicate(b"done\n", timeout=60)
    row = contenant.rows(project)[0]
    assert (row["state"], row["sessions_live"]) == ("stopped", 0)


def test_keep_running_keeps_it_running(contenant: Contenant, project: Path) -> None:
    contenant.ok("--", "true", cwd=project, env={"CONTENANT_KEEP_RUNNING": "true"})
    assert contenant.rows(project)[0]["state"] == "running"
    contenant.ok("stop", cwd=project)
    assert contenant.rows(project)[0]["state"] == "stopped"


def test_vanished_behind_our_back(contenant: Contenant, project: Path) -> None:
    contenant.ok("--", "true", cwd=project)
    name = contenant.rows(project)[0]["name"]
    contenant.raw("rm", "-f", name)
    assert contenant.rows(project) == []
    gone = contenant.history(project, "--kind", "container.gone")
    assert [event["data"]["data"]["why"] for event in gone] == ["vanished"]
    contenant.ok("--", "true", cwd=project)
    assert names(contenant.rows(project)) == [name]


def test_a_foreign_container_keeps_its_name(contenant: Contenant, project: Path) -> None:
    contenant.ok("--", "true", cwd=project)
    row = contenant.rows(project)[0]
    contenant.raw("rm", "-f", row["name"])
    contenant.raw("create", "--name", row["name"], "--entrypoint", "true", row["image"])
    try:
        done = contenant("--", "true", cwd=project)
        assert done.returncode == 5
        assert "held by a container" in done.stderr
        assert contenant("clean", "--all", "--yes", "--force", cwd=project).returncode == 0
        assert behind.containers(contenant).count(row["name"]) == 1
    finally:
        contenant.raw("rm", "-f", row["name"])


def test_a_lost_state_directory_is_rebuilt_from_labels(contenant: Contenant, project: Path) -> None:
    contenant.ok("--", "true", cwd=project)
    before = contenant.rows(project)[0]
    (contenant.home / "state" / "contenant.db").unlink()
    after = contenant.rows(project)
    assert [(row["name"], row["project"]) for row in after] == [(before["name"], before["project"])]
    contenant.ok("--", "true", cwd=project)
    assert len(contenant.rows(project)) == 1


def test_recreate_makes_it_anew(contenant: Contenant, project: Path) -> None:
    contenant.ok("--publish", f"{free_port()}:8000", "--", "touch", "/tmp/mark", cwd=project)
    done = contenant("--cpus", "1", "--", "true", cwd=project)
    assert "--recreate" in done.stderr
    contenant.ok("--recreate", "--", "test", "!", "-e", "/tmp/mark", cwd=project)
    bindings = behind.bindings(contenant, contenant.rows(project)[0]["name"])
    assert [port for _, _, port in bindings] == [8000], "options given at creation are kept"


@ONE_ERA
@pytest.mark.parametrize(
    "name",
    ["with space", "quo'te\"s", "co:lon,comma", "new\nline", "日本 Été", "x" * 250, "-dash", "%41$HOME`id`"],
)
def test_odd_paths(contenant: Contenant, tmp_path: Path, name: str) -> None:
    odd = tmp_path / name
    odd.mkdir()
    (odd / "file").write_text("odd\n")
    assert contenant.ok("--", "cat", "/project/file", cwd=odd) == "odd\n"
    assert [row["project"] for row in contenant.rows(odd)] == [str(odd)]
    contenant.ok("list", cwd=odd)
    contenant.ok("clean", "--yes", cwd=odd)
    assert contenant.rows(odd) == []


@ONE_ERA
def test_two_checkouts_with_one_basename(contenant: Contenant, tmp_path: Path) -> None:
    for parent in ("one", "two"):
        (tmp_path / parent / "app").mkdir(parents=True)
        contenant.ok("--", "true", cwd=tmp_path / parent / "app")
    assert len(set(names(contenant.rows(tmp_path)))) == 2


@ONE_ERA
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_reach_the_command(contenant: Contenant, project: Path, number: signal.Signals) -> None:
    script = f"trap 'echo caught; exit 9' {number.name[3:]}; echo up; while :; do sleep 0.1; done"
    process = contenant.start("--", "sh", "-c", script, cwd=project)
    assert process.stdout is not None
    assert process.stdout.readline() == b"up\n"
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (9, b"caught\n"), err


@ONE_ERA
def test_clean_says_why_and_asks(contenant: Contenant, project: Path, tmp_path: Path) -> None:
    contenant.ok("--", "true", cwd=project)
    dry = json.loads(contenant.ok("clean", "--all", "--dry-run", "--json", cwd=tmp_path))
    assert [row["action"] for row in dry] == ["remove"]
    refused = contenant("clean", "--all", cwd=tmp_path)
    assert refused.returncode == 2
    assert "--yes" in refused.stderr
    assert len(contenant.rows(tmp_path)) == 1
    assert contenant("clean", "--stale", "30d", "--yes", cwd=tmp_path).returncode == 0
    assert len(contenant.rows(tmp_path)) == 1
    contenant.ok("clean", "--all", "--yes", cwd=tmp_path)
    assert contenant.rows(tmp_path) == []


def test_clean_spares_live_sessions(contenant: Contenant, project: Path, tmp_path: Path) -> None:
    process = contenant.start("--", "sh", "-c", "echo up; read line", cwd=project)
    assert process.stdout is not None
    assert process.stdout.readline() == b"up\n"
    done = contenant("clean", "--all", "--yes", cwd=tmp_path)
    assert "1 live session" in done.stdout + done.stderr
    assert len(contenant.rows(tmp_path)) == 1
    contenant.ok("clean", "--all", "--yes", "--force", cwd=tmp_path)
    process.communicate(timeout=30)
    assert process.returncode != 0
    assert contenant.rows(tmp_path) == []


def test_a_killed_contenant_leaves_a_lost_session_and_no_lie(contenant: Contenant, project: Path) -> None:
    process = contenant.start("--", "sleep", "300", cwd=project)
    wait_for(lambda: [r for r in contenant.rows(project) if r["state"] == "running" and r["sessions_live"]])
    process.kill()
    process.wait()
    row = contenant.rows(project)[0]
    assert (row["state"], row["sessions_live"]) == ("running", 0)
    assert contenant.history(project, "--kind", "session")[0]["data"]["how"] == "lost"
    contenant.ok("--", "true", cwd=project)
    assert contenant.rows(project)[0]["state"] == "stopped"


def test_twenty_at_once_make_one_container(contenant: Contenant, project: Path) -> None:
    processes = [contenant.start("--", "true", cwd=project) for _ in range(20)]
    for process in processes:
        _, err = process.communicate(timeout=300)
        assert process.returncode == 0, err
    rows = contenant.rows(project)
    assert len(rows) == 1
    assert (rows[0]["sessions_total"], rows[0]["sessions_live"]) == (20, 0)
    created = contenant.history(project, "--kind", "container.created")
    assert len(created) == 1


@ONE_ERA
def test_bad_paths_are_refused(contenant: Contenant, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    for path in (str(tmp_path / "missing"), str(file), "/", str(Path.home())):
        done = contenant("run", path, "--", "true", cwd=tmp_path)
        assert done.returncode == 2, path
        assert done.stderr.startswith("contenant: error: ")
        assert "Traceback" not in done.stderr
    assert contenant.rows(tmp_path) == []


def test_engine_down_is_said(contenant: Contenant, project: Path) -> None:
    env = {"CONTENANT_ENGINE": "docker", "DOCKER_HOST": "unix:///nonexistent/docker.sock"}
    done = contenant("--", "true", cwd=project, env=env)
    assert done.returncode == 3
    assert "hint:" in done.stderr
