"""packaging/macos-check over the stand-in: what it says is so, it ends in time and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.apple.tinyimage import oci_archive
from tests.standins.apple.fixture import Standin, apple_standin

SCRIPT = Path(__file__).parents[2] / "packaging" / "macos-check"
SHELLS = ("dash", "bash", "zsh")


@pytest.mark.parametrize("shell", SHELLS)
def test_every_shell_can_read_it(shell: str) -> None:
    subprocess.run([shell, "-n", str(SCRIPT)], check=True)


def test_shellcheck_finds_nothing() -> None:
    subprocess.run(["shellcheck", str(SCRIPT)], check=True)


@pytest.mark.parametrize("shell", SHELLS)
def test_the_command_line(shell: str) -> None:
    def call(*words: str) -> tuple[int, str, str]:
        done = subprocess.run([shell, str(SCRIPT), *words], capture_output=True, text=True, check=False)
        return done.returncode, done.stdout, done.stderr

    code, out, err = call("--help")
    assert (code, err) == (0, "")
    assert out.startswith("usage: macos-check")
    assert call("--nonsense")[0] == 2
    assert call("--image")[:2] == (2, "")
    if sys.platform != "darwin":
        assert call() == (2, "", "macos-check: this is not macOS; see --help\n")


def start(standin: Standin, cache: Path, shell: str = "sh") -> subprocess.Popen[str]:
    env = {**os.environ, **standin.env, "XDG_CACHE_HOME": str(cache), "PYTHON": sys.executable}
    return subprocess.Popen(
        [shell, str(SCRIPT), "--any-system", "--image", "tiny:1"],
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def run(standin: Standin, cache: Path, shell: str = "sh") -> tuple[int, dict[str, str], dict[str, str]]:
    """Exit code, verdicts by item, and what they say; nothing is left behind."""
    out, err = (process := start(standin, cache, shell)).communicate(timeout=280)
    lines = [line for line in out.splitlines() if line.startswith(("PASS", "FAIL", "UNKNOWN"))]
    words = [line.split(None, 2) for line in lines]
    assert lines, out + err
    assert list(cache.iterdir()) == [], "the directory it worked in is gone"
    counts = [sum(word[0] == verdict for word in words) for verdict in ("PASS", "FAIL", "UNKNOWN")]
    assert out.splitlines()[-1] == f"{counts[0]} passed, {counts[1]} failed, {counts[2]} unknown"
    return process.returncode, {w[1]: w[0] for w in words}, {w[1]: w[2] for w in words}


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    path = tmp_path / "cache"
    path.mkdir()
    return path


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return oci_archive(tmp_path_factory.mktemp("tiny") / "tiny.tar", "tiny:1")


@pytest.fixture
def newest(archive: Path) -> Iterator[Standin]:
    with apple_standin("1.2.2", hang=None) as standin:
        standin.ok("image", "load", "-i", str(archive))
        yield standin


@pytest.mark.real
def test_all_of_it(newest: Standin, cache: Path) -> None:
    code, verdicts, said = run(newest, cache)
    assert (code, [item for item, verdict in verdicts.items() if verdict == "FAIL"]) == (0, [])
    unknown = {item for item, verdict in verdicts.items() if verdict == "UNKNOWN"}
    assert unknown <= {"start", "nftables", "published", "env-twice"}, "what the tiny image cannot tell"
    assert len(verdicts) >= 30
    assert "outlives its killed client" in said["lost-client"]
    assert "#1747 is there" in said["signals"]
    assert "#2299 is there" in said["opost"]
    assert newest.ok("list", "-a", "-q") == ""
    assert '"running"' in newest.ok("system", "status", "--format", "json"), "it was running before"


@pytest.mark.real
def test_an_old_kernel_in_another_shell(archive: Path, cache: Path) -> None:
    with apple_standin("0.12.3", "old-kernel", hang=None) as standin:
        standin.ok("image", "load", "-i", str(archive))
        code, verdicts, said = run(standin, cache, "zsh")
    assert (code, verdicts["kernel"]) == (1, "FAIL")
    assert "6.12.28" in said["kernel"]
    assert [item for item, verdict in verdicts.items() if verdict == "FAIL"] == ["kernel"]


@pytest.mark.real
def test_a_service_that_was_down_is_down_again(newest: Standin, cache: Path) -> None:
    newest.ok("image", "delete", "tiny:1")
    newest.ok("system", "stop")
    code, verdicts, _ = run(newest, cache)
    assert (code, verdicts["start"], verdicts["create"]) == (1, "PASS", "FAIL"), "there is no image"
    assert newest.run("system", "status").returncode == 1


@pytest.mark.real
def test_a_wedged_service(cache: Path) -> None:
    with apple_standin("1.2.2", "wedged", hang=None) as standin:
        began = time.monotonic()
        code, verdicts, _ = run(standin, cache)
    assert (code, verdicts) == (1, {"service": "FAIL"})
    assert time.monotonic() - began < 120


@pytest.mark.real
def test_an_interrupt_leaves_nothing_behind(newest: Standin, cache: Path) -> None:
    process = start(newest, cache)
    assert process.stdout is not None
    while "create" not in (line := process.stdout.readline()):
        assert line or process.poll() is None
    assert newest.ok("list", "-a", "-q").strip()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=120)
    assert process.returncode == 130
    assert newest.ok("list", "-a", "-q") == ""
    assert list(cache.iterdir()) == []
