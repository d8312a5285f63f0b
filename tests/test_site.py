"""`make site` builds the documentation, and refuses what would lead a reader nowhere."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
RECIPE = re.search(
    r"^site:.*\n\t(?:\S+=\S+ )?\$\(BIN\)/mkdocs (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE
)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of what the site is made of."""
    for name in ("docs", "packaging"):
        shutil.copytree(ROOT / name, tmp_path / "tree" / name)
    shutil.copy(ROOT / "SECURITY.md", tmp_path / "tree")
    return tmp_path / "tree"


def build(tree: Path) -> subprocess.CompletedProcess[str]:
    """What the Makefile does, there."""
    assert RECIPE
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", *RECIPE[1].split()],
        cwd=tree,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_site_names_nobody_else(tree: Path) -> None:
    """A page fetches nothing from elsewhere: neither scripts nor fonts nor pictures."""
    done = build(tree)
    assert done.returncode == 0, done.stderr
    page = (tree / "build/site/tutorial.html").read_text()
    assert not re.findall(r"<(?:script|img|link|iframe)[^>]+(?:src|href)=\"?(?:https?:)?//", page)
    assert 'href="SECURITY.html"' in (tree / "build/site/audit.html").read_text()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[there](nowhere.md)", "nowhere.md"),
        ("[there](audit.md#nowhere)", "#nowhere"),
        ("[there](/audit.md)", "/audit.md"),
        (None, "lost.md"),
    ],
    ids=["page", "anchor", "absolute", "in no menu"],
)
def test_what_leads_nowhere_is_refused(tree: Path, text: str | None, said: str) -> None:
    with (tree / "docs" / ("tutorial.md" if text else "lost.md")).open("a") as page:
        page.write(f"\n{text or '# Lost'}\n")
    done = build(tree)
    assert (done.returncode, said in done.stderr) == (1, True), done.stderr
