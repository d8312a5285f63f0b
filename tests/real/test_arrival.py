"""A container that is not there when the session comes: begun anew, or told why it would not start."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.real.conftest import Contenant

pytestmark = pytest.mark.real

# An engine whose container ends right before the first exec, as it may when its last session is just over.
ENDS_FIRST = """\
#!/bin/sh
case " $* " in
*" exec "*)
    if [ ! -e "{mark}" ]; then
        : >"{mark}"
        "{engine}" kill $("{engine}" ps --quiet --filter label={label}) >/dev/null
    fi
    ;;
esac
exec "{engine}" "$@"
"""


@pytest.fixture
def ends_first(contenant: Contenant, tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """Put such an engine first on PATH; the mark it leaves."""
    from tests.real.conftest import mark

    real = shutil.which(contenant.engine)
    assert real is not None
    folder, gone = tmp_path / "bin", tmp_path / "ended"
    folder.mkdir()
    (folder / contenant.engine).write_text(ENDS_FIRST.format(engine=real, mark=gone, label=mark(contenant)))
    (folder / contenant.engine).chmod(0o755)
    contenant.env["PATH"] = f"{folder}{os.pathsep}{contenant.env['PATH']}"
    return gone


def test_a_container_that_ends_under_a_session_is_started_again(
    contenant: Contenant, project: Path, ends_first: Path
) -> None:
    done = contenant("--", "sh", "-c", "echo once >>/project/ran; exit 7", cwd=project)
    assert ends_first.exists(), "the container ended before the session was there"
    assert done.returncode == 7, done.stderr
    assert "started again" in done.stderr
    assert (project / "ran").read_text() == "once\n"
    (row,) = contenant.history(project, "--kind", "session")
    assert "→ 7 after" in row["summary"]


def test_an_end_that_the_command_brings_about_is_no_reason_to_begin_anew(
    contenant: Contenant, project: Path
) -> None:
    process = contenant.start("--", "sh", "-c", "echo once >>/project/ran; echo up; sleep 60", cwd=project)
    assert process.stdout is not None
    assert process.stdout.readline() == b"up\n"
    contenant.raw("kill", contenant.rows(project)[0]["name"])
    assert process.wait(60) != 0
    assert (project / "ran").read_text() == "once\n"


def test_why_a_container_would_not_start(contenant: Contenant, project: Path) -> None:
    contenant.env["CONTENANT_KEEP_RUNNING"] = "true"
    contenant.ok("--", "true", cwd=project)
    name = contenant.rows(project)[0]["name"]
    contenant.raw("exec", "--user", "0", name, "chmod", "a-x", "/usr/local/lib/contenant/firewall/up")
    contenant.ok("stop", cwd=project)
    done = contenant("--", "true", cwd=project)
    assert done.returncode == 6
    assert f"contenant: error: {name} did not start: the firewall is missing in this image" in done.stderr
    assert "true → failed" in contenant.history(project, "--kind", "session")[0]["summary"]
    contenant.ok("--recreate", "--", "true", cwd=project)
