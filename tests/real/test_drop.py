"""The drop folder on real engines: in, changed by the agent, out again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.real.conftest import LINUX, Contenant

pytestmark = pytest.mark.real
ENGINES = (*LINUX, "container-1.2.2")

INSIDE = """
set -e
cat /drop/my_notes.txt /drop/tree/below.txt
echo more >>/drop/tree/below.txt
mkdir /drop/out && echo done >/drop/out/report.txt
ln -s /etc/passwd /drop/out/way-out
id -un
"""


def test_in_and_out(contenant: Contenant, project: Path, tmp_path: Path) -> None:
    (tmp_path / "my notes.txt").write_text("notes\n")
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "below.txt").write_text("below\n")
    (tmp_path / "tree" / "link").symlink_to("/etc/passwd")
    done = contenant("put", "my notes.txt", "tree", "--project", str(project), cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "/drop/my_notes.txt\n/drop/tree\n")
    assert "left out: link: a link" in done.stderr
    assert contenant.ok("--", "sh", "-c", INSIDE, cwd=project) == "notes\nbelow\nclaude\n"
    names = [row["name"] for row in json.loads(contenant.ok("get", "--json", cwd=project))]
    assert names == ["my_notes.txt", "out", "tree"]
    contenant.ok("get", "tree/below.txt", cwd=project)
    assert (project / "below.txt").read_text() == "below\nmore\n"
    out = contenant("get", "out", cwd=project)
    assert (out.returncode, out.stdout) == (1, f"{project}/out\n")
    assert [path.name for path in (project / "out").iterdir()] == ["report.txt"]
    assert contenant("get", "out", cwd=project).returncode == 5
