"""Traps of Apple's that the stand-in lays out again, on real containers."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.apple.look import is_new, keep, keep_running, listed, refused, state_of
from tests.apple.tinyimage import oci_archive
from tests.standins.apple.fixture import Standin

pytestmark = pytest.mark.real


def spawn(standin: Standin, *words: str, **more: object) -> subprocess.Popen[bytes]:
    """A client of its own, with pipes."""
    streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more}
    return subprocess.Popen([str(standin.launcher), *words], env={**os.environ, **standin.env}, **streams)  # type: ignore[call-overload]


def wait_for(standin: Standin, name: str, *words: str) -> None:
    """Until a command in the container succeeds."""
    deadline = time.monotonic() + 20
    while standin.run("exec", name, *words).returncode != 0:
        assert time.monotonic() < deadline, words
        time.sleep(0.1)


def test_create_pulls_what_is_not_local(tiny: Standin, tmp_path: Path) -> None:
    refused(tiny, "create", "absent:1", text="docker.io/library/absent:1")
    refused(tiny, "image", "pull", "absent:1", text="401")
    assert listed(tiny) == {}
    oci_archive(tmp_path / "docker.io_library_absent_1.tar", "whatever")
    registry = {"CONTAINER_STANDIN_REGISTRY": str(tmp_path)}
    tiny.ok("create", "--name", "pulled", "absent:1", env=registry)
    assert listed(tiny)["pulled"]["configuration"]["image"]["reference"] == "docker.io/library/absent:1"


def test_memory_has_a_floor_and_a_default_and_cpus_are_whole(tiny: Standin) -> None:
    refused(
        tiny, "create", "-m", "199m", "tiny:1", text="minimum memory amount allowed is 200 MiB (got 208666624"
    )
    refused(tiny, "create", "-c", "1.5", "tiny:1", code=64, text="The value '1.5' is invalid for '-c <cpus>'")
    keep_running(tiny, "plain")
    keep(tiny, "small", "-m", "200m", "-c", "1")
    resources = {name: row["configuration"]["resources"] for name, row in listed(tiny).items()}
    assert resources["plain"] == {"cpuOverhead": 1, "cpus": 4, "memoryInBytes": 1 << 30}
    assert resources["small"] == {"cpuOverhead": 1, "cpus": 1, "memoryInBytes": 200 << 20}


def test_one_directory_mounted_twice_has_the_mode_of_the_last(tiny: Standin, tmp_path: Path) -> None:
    keep_running(tiny, "twice", "-v", f"{tmp_path}:/rw", "-v", f"{tmp_path}:/ro:ro")
    keep_running(tiny, "other", "-v", f"{tmp_path}:/ro:ro", "-v", f"{tmp_path}:/rw")
    assert tiny.run("exec", "twice", "touch", "/rw/file").returncode != 0
    assert tiny.run("exec", "other", "touch", "/ro/file").returncode == 0


def test_a_file_bind_takes_the_mount_of_its_directory_away(tiny: Standin, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("text")
    keep_running(tiny, "trap", "-v", f"{tmp_path}:/dir", "-v", f"{tmp_path / 'file'}:/file")
    assert tiny.ok("exec", "trap", "cat", "/file") == "text"
    assert tiny.run("exec", "trap", "test", "-e", "/dir/file").returncode != 0


def test_publishing_is_to_every_address_unless_said(tiny: Standin) -> None:
    keep(tiny, "open", "-p", "18080:80")
    keep(tiny, "shut", "-p", "127.0.0.1:18081:80")
    rows = listed(tiny)
    found = [rows[name]["configuration"]["publishedPorts"][0]["hostAddress"] for name in ("open", "shut")]
    assert found == ["0.0.0.0", "127.0.0.1"]


def test_signals_are_lost_without_a_terminal_since_1_0(loaded: Standin) -> None:
    keep_running(loaded, "deaf")
    script = "trap 'echo got; exit 9' TERM INT; touch /tmp/up; while :; do sleep 0.1; done"
    client = spawn(loaded, "exec", "deaf", "sh", "-c", script)
    wait_for(loaded, "deaf", "test", "-e", "/tmp/up")
    client.send_signal(signal.SIGTERM)
    if not is_new(loaded):
        assert client.communicate(timeout=20)[0] == b"got\n"
        assert client.returncode == 9
        return
    time.sleep(1)
    assert client.poll() is None
    client.send_signal(signal.SIGINT)
    time.sleep(0.5)
    client.send_signal(signal.SIGTERM)
    out, err = client.communicate(timeout=20)
    assert client.returncode == 1
    lost = 'failed to send signal: ["error": invalidArgument: "missing signal in xpc message", "signal": 15]'
    assert err.decode().splitlines()[0] == lost
    assert b"got" not in out and b"Received 3 SIGINT/SIGTERM's, forcefully exiting." in out
    assert "while :" in loaded.ok("exec", "deaf", "ps")


def test_the_guest_lives_on_when_the_client_dies(tiny: Standin) -> None:
    keep_running(tiny, "orphan")
    script = "touch /tmp/up; sleep 3; touch /tmp/after; sleep 60"
    client = spawn(tiny, "exec", "-i", "orphan", "sh", "-c", script)
    wait_for(tiny, "orphan", "test", "-e", "/tmp/up")
    client.kill()
    began = time.monotonic()
    client.communicate(timeout=20)
    assert time.monotonic() - began < 2, "the caller's pipes must not stay open"
    wait_for(tiny, "orphan", "test", "-e", "/tmp/after")


def test_exec_without_i_has_no_input_and_with_i_has_it(tiny: Standin) -> None:
    keep_running(tiny, "input")
    assert tiny.ok("exec", "input", "cat", stdin="unheard") == ""
    assert tiny.ok("exec", "-i", "input", "cat", stdin=b"heard\n") == "heard\n"
    assert len(tiny.ok("exec", "-i", "input", "wc", "-c", stdin=b"x" * 3_000_000).strip()) == 7


def test_labels_and_reserved_words(tiny: Standin) -> None:
    refused(tiny, "create", "-l", "k=a=b", "tiny:1", text="invalid label format k=a=b")
    keep(tiny, "labelled", "-l", "k=abc=")
    assert listed(tiny)["labelled"]["configuration"]["labels"] == {"k": "abc"}
    refused(tiny, "create", "--network", "none", "--network", "default", "tiny:1", text="network none")
    refused(tiny, "create", "--network", "nowhere", "tiny:1", text="network not found: nowhere")


def test_a_container_keeps_its_root_over_stop_and_loses_its_network_state(tiny: Standin) -> None:
    keep_running(tiny, "kept", "--cap-add", "NET_ADMIN")
    tiny.ok("exec", "-u", "0", "kept", "sh", "-c", "echo kept > /root/file; ip link set lo down")
    tiny.ok("stop", "-t", "1", "kept")
    row = listed(tiny)["kept"]
    assert row["status"]["networks"] == [] and "startedDate" in row["status"]
    tiny.ok("start", "kept")
    assert tiny.ok("exec", "kept", "cat", "/root/file") == "kept\n"
    assert "UP" in tiny.ok("exec", "kept", "ip", "link", "show", "lo").splitlines()[0]


def test_logs_belong_to_the_init_process_and_need_a_start(tiny: Standin) -> None:
    tiny.ok("create", "--name", "chatty", "tiny:1", "sh", "-c", "echo out; echo err >&2; sleep 60")
    refused(tiny, "logs", "chatty", text="failed to open container logs")
    tiny.ok("start", "chatty")
    tiny.ok("exec", "chatty", "echo", "unlogged")
    assert sorted(tiny.ok("logs", "chatty").split()) == ["err", "out"]


def test_an_image_may_not_go_before_the_first_start(tiny: Standin) -> None:
    keep(tiny, "late")
    tiny.ok("image", "delete", "tiny:1")
    refused(tiny, "start", "late", text="image snapshot for tiny:1 not found")
    assert tiny.run("image", "delete", "tiny:1").returncode == 1
    assert tiny.ok("image", "delete", "-f", "tiny:1") == ""


def test_a_failed_run_is_deleted_again_and_a_failed_start_is_not(tiny: Standin) -> None:
    refused(
        tiny, "run", "--name", "gone", "tiny:1", "nothing", text="failed to find target executable nothing"
    )
    refused(tiny, "run", "-d", "--name", "gone", "tiny:1", "nothing", text="failed to find target executable")
    assert listed(tiny) == {}
    tiny.ok("create", "--name", "stays", "tiny:1", "nothing")
    refused(tiny, "start", "stays", text="failed to find target executable nothing")
    assert state_of(tiny, "stays") == "stopped"


def test_run_passes_the_code_on_and_rm_removes(tiny: Standin, tmp_path: Path) -> None:
    done = tiny.run("run", "--rm", "--name", "once", "tiny:1", "sh", "-c", "echo out; echo err >&2; exit 5")
    assert (done.returncode, done.stdout, done.stderr) == (5, "out\n", "err\n")
    assert listed(tiny) == {}
    cidfile = tmp_path / "cid"
    words = ("run", "-d", "--rm", "--name", "away", "--cidfile", str(cidfile), "tiny:1", "sleep", "0.2")
    assert tiny.ok(*words) == "away\n"
    assert cidfile.read_text() == "away"
    deadline = time.monotonic() + 10
    while listed(tiny):
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_kill_wants_a_running_container(tiny: Standin) -> None:
    keep(tiny, "still")
    refused(tiny, "kill", "still", text="no runtime client exists: container is stopped")
    tiny.ok("start", "still")
    assert tiny.ok("kill", "still") == "still\n"
    assert state_of(tiny, "still") == "stopped"
    refused(tiny, "kill", "-s", "NOSUCH", "still", text="invalid signal")


def test_image_load_takes_oci_archives_only(newest: Standin, archive: Path, tmp_path: Path) -> None:
    assert newest.ok("image", "load", "-i", str(archive)) == "tiny:1\n"
    docker = tmp_path / "docker.tar"
    (tmp_path / "manifest.json").write_text("[]")
    subprocess.run(["tar", "-cf", docker, "-C", tmp_path, "manifest.json"], check=True)
    refused(newest, "image", "load", "-i", str(docker), text="oci-layout")
    missing = newest.run("image", "load", "-i", str(tmp_path / "none"))
    assert missing.returncode == 1 and "File does not exist" in missing.stdout
    with archive.open("rb") as stream:
        assert newest.ok("image", "load", stdin=stream.read()) == "tiny:1\n"
    saved = tmp_path / "saved.tar"
    newest.ok("image", "save", "-o", str(saved), "tiny:1")
    newest.ok("image", "delete", "tiny:1")
    newest.ok("image", "load", "-i", str(saved))
    assert newest.ok("run", "--rm", "tiny:1", "echo", "again") == "again\n"


def test_a_context_through_a_symlink_arrives_empty(tiny: Standin, tmp_path: Path) -> None:
    real, link = tmp_path / "real", tmp_path / "link"
    real.mkdir()
    link.symlink_to(real)
    (real / "file").write_text("text")
    (real / "Dockerfile").write_text("FROM tiny:1\nCOPY . /copied/\n")
    allow = {"CONTAINER_STANDIN_ALLOW_TMP": "1"}
    tiny.ok("build", "-t", "whole", str(real), env=allow)
    tiny.ok("build", "-t", "empty", str(link), env=allow)
    tiny.ok("build", "-t", "strict", str(real))
    assert tiny.ok("run", "--rm", "whole", "ls", "/copied") == "Dockerfile\nfile\n"
    for name in ("empty", "strict"):
        assert tiny.ok("run", "--rm", name, "ls", "/copied") == ""


def test_cp_of_a_missing_path_hangs_and_takes_the_container_along(tiny: Standin, tmp_path: Path) -> None:
    keep_running(tiny, "stuck")
    keep_running(tiny, "fine")
    bounded = {"CONTAINER_STANDIN_HANG": "1"}
    for words in (
        ("cp", "stuck:/none", str(tmp_path)),
        ("exec", "stuck", "true"),
        ("stop", "stuck"),
        ("system", "stop"),
    ):
        began = time.monotonic()
        done = tiny.run(*words, env=bounded)
        assert done.returncode == 75 and time.monotonic() - began > 1, words
    assert tiny.ok("exec", "fine", "echo", "well") == "well\n"
    assert state_of(tiny, "stuck") == "running"


def test_a_container_of_an_older_agent_takes_uploads_nowhere(tiny: Standin, tmp_path: Path) -> None:
    old = tiny.another("1.0.0")
    old.ok("system", "stop")
    old.ok("system", "start")
    keep_running(old, "aged")
    tiny.ok("system", "stop")
    tiny.ok("system", "start")
    tiny.ok("start", "aged")
    (tmp_path / "file").write_text("text")
    assert tiny.ok("cp", str(tmp_path / "file"), "aged:/tmp/file") == "aged:/tmp/file\n"
    assert tiny.run("exec", "aged", "test", "-e", "/tmp/file").returncode != 0
    assert tiny.run("cp", "aged:/etc/passwd", str(tmp_path / "out")).returncode == 1


def test_stats_are_numbers(tiny: Standin) -> None:
    keep_running(tiny, "busy")
    began = time.monotonic()
    row = json.loads(tiny.ok("stats", "--format", "json", "busy"))[0]
    assert time.monotonic() - began >= 2
    assert row["id"] == "busy" and row["numProcesses"] >= 1 and row["memoryUsageBytes"] > 0
    assert row["memoryLimitBytes"] > 1_000_000_000
    refused(tiny, "stats", "--format", "json", "nobody", text="no such container: nobody")


def test_a_build_ends_on_a_signal(tiny: Standin, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM tiny:1\nRUN echo up; sleep 60\n")
    client = spawn(tiny, "build", "-t", "never", str(tmp_path))
    assert client.stderr is not None
    while not client.stderr.readline().rstrip().endswith(b" up"):
        assert client.poll() is None
    client.terminate()
    began = time.monotonic()
    out, err = client.communicate(timeout=20)
    assert (client.returncode, out) == (1, b"") and b"exiting on signal 15" in err
    assert time.monotonic() - began < 10
    assert tiny.run("image", "inspect", "never").returncode == 1
