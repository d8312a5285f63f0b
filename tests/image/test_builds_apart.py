"""Builds by processes of their own, over an engine that is a script: two at once, and a disk that is full."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

# Says what podman says, keeps its images as files in $STORE, and in a build does what $DEED says.
PODMAN = """#!/bin/sh
for word; do case $word in contenant:*|localhost/contenant-base:*) image=$word ;; esac; done
case "$1 $2" in
"version "*) echo '{"Client":{"Version":"4.3.1"}}' ;;
"info "*) echo "$STORE" ;;
"ps "*) echo '[]' ;;
"run "*) exit 127 ;;
"image inspect")
    [ -e "$STORE/$image" ] || { echo "Error: $image: image not known" >&2; exit 125; }
    echo '[{"Id":"1","Digest":"sha256:1","Config":{"Labels":{}},"Size":1}]' ;;
"build "*)
    image=$(printf '%s\\n' "$@" | sed -n '/^--tag$/{n;p;}')
    echo "STEP 1/2: FROM base"
    echo built >>"$STORE/builds"
    sh -c "$DEED" || exit 1
    touch "$STORE/$image" ;;
*) echo "Error: unexpected: podman $*" >&2; exit 125 ;;
esac
"""


class Machine:
    """A machine with that engine."""

    def __init__(self, place: Path) -> None:
        self.store = place / "store"
        self.store.mkdir()
        (place / "bin").mkdir()
        (place / "bin/podman").write_text(PODMAN)
        (place / "bin/podman").chmod(0o755)
        (self.store / "localhost").mkdir()
        (self.store / "localhost/contenant-base:trixie").touch()
        self.home = place / "home"
        self.env = {
            **os.environ,
            "PATH": f"{place / 'bin'}:/usr/bin:/bin",
            "CONTENANT_HOME": str(self.home),
            "CONTENANT_ENGINE": "podman",
        }

    def start(self, deed: str, *more: str) -> subprocess.Popen[str]:
        """`contenant image build` with a build that does this."""
        script = self.store.parent / "bin/podman"
        script.write_text(PODMAN.replace("$STORE", str(self.store)).replace("$DEED", deed))
        argv = [sys.executable, "-m", "contenant", *(more or ("image", "build", "--json"))]
        pipe = subprocess.PIPE
        return subprocess.Popen(
            argv, env=self.env, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, text=True
        )

    def run(self, deed: str, *more: str) -> tuple[int, str, str]:
        process = self.start(deed, *more)
        out, err = process.communicate(timeout=60)
        return process.returncode, out, err

    @property
    def builds(self) -> int:
        path = self.store / "builds"
        return len(path.read_text().split()) if path.exists() else 0


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_two_at_once_build_once(machine: Machine) -> None:
    processes = [machine.start("sleep 2") for _ in range(2)]
    answers = [process.communicate(timeout=60) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], answers
    told = [json.loads(out) for out, _ in answers]
    assert sorted(one["built"] for one in told) == [False, True]
    assert told[0]["reference"] == told[1]["reference"]
    assert machine.builds == 1
    assert any("another contenant builds the image; waiting" in err for _, err in answers)


@pytest.fixture
def small(machine: Machine) -> Iterator[Path]:
    """Three megabytes, and no more."""
    if os.geteuid() != 0:
        pytest.skip("only root mounts a file system")
    place = machine.store / "small"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "none", str(place)], check=True)
    yield place
    subprocess.run(["umount", str(place)], check=True)


@pytest.mark.real
def test_a_full_disk_of_the_engines(machine: Machine, small: Path) -> None:
    good = machine.run("true")
    assert good[0] == 0, good
    reference = json.loads(good[1])["reference"]
    code, out, err = machine.run(
        f"dd if=/dev/zero of={small}/layer bs=1M 2>&1", "image", "build", "--no-cache"
    )
    assert (code, out) == (1, "")
    assert "no space left on device" in err
    assert "contenant image prune" in err
    assert ".log" in err
    assert "Traceback" not in err
    assert (machine.store / reference).exists(), "the last good image stays"
    failed = machine.run("true", "image", "log", "--failed")
    assert "STEP 1/2: FROM base" in failed[1]
    assert "No space left on device" in failed[1]
    whats = json.loads(machine.run("true", "image", "history", "--json")[1])
    assert [row["what"] for row in whats] == ["failed", "built"]


@pytest.mark.real
def test_a_full_disk_of_our_own(machine: Machine, small: Path) -> None:
    machine.env["CONTENANT_HOME"] = str(small / "home")
    good = machine.run("true")
    assert good[0] == 0, good
    reference = json.loads(good[1])["reference"]
    fill = f"dd if=/dev/zero of={small}/fill bs=64k 2>/dev/null; yes a line of the log | head -n 20000; false"
    code, out, err = machine.run(fill, "image", "build", "--no-cache")
    assert (code, out) == (1, ""), err
    assert "Traceback" not in err
    assert "hint:" in err
    assert (machine.store / reference).exists()
    (small / "fill").unlink()
    assert machine.run("true")[0] == 0, "with room again all is well"
    code, _, err = machine.run("true", "db", "check")
    assert code == 0, err
