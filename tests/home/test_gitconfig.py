"""Settings by which git runs something are seen wherever git itself sees them. git is the real one."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contenant.core.gitconfig import dangerous


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("[core]\n\tfsmonitor = /tmp/x\n", "core.fsmonitor"),
        ("[CORE] FSMonitor=/tmp/x", "core.fsmonitor"),
        ("\ufeff[core]\r\n\thooksPath = .evil\r\n", "core.hookspath"),
        ("[core] # comment\n; another\n\tsshCommand = \\\n  x\n", "core.sshcommand"),
        ('[filter "My \\"X\\""]\n\tsmudge = x', 'filter.My "X".smudge'),
        ("[filter.foo]\n\tprocess = x", "filter.foo.process"),
        ('[alias]\n\tst = "!sh -c x"', "alias.st"),
        ("[alias]\n\tst\n", "alias.st"),
        ("[include]\n\tpath = ../evil", "include.path"),
        ('[includeIf "gitdir:/"]\n\tpath = x', "includeif.gitdir:/.path"),
        ('[remote "origin"]\n\tuploadpack = x', "remote.origin.uploadpack"),
        ('[core]\n\ta = "#;" # \\\n\tpager = x', "core.pager"),
        ("[pager]\n\tlog = x", "pager.log"),
    ],
)
def test_dangers(text: str, name: str) -> None:
    assert name in dangerous(text)


def test_an_ordinary_configuration_is_none() -> None:
    text = (
        "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = false\n"
        '[remote "origin"]\n\turl = git@example.test:x.git\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n'
        '[branch "main"]\n\tremote = origin\n\tmerge = refs/heads/main\n[user]\n\tname = "A # B" ; c\n'
    )
    assert dangerous(text) == {}


def test_what_cannot_be_read_is_a_danger() -> None:
    for text in ("[core\nfsmonitor = x", "fsmonitor = x", "[core]\n= x", "\x00", "[core]\n\tfs monitor = x"):
        assert "?" in dangerous(text), text


def test_values_are_told_apart() -> None:
    assert dangerous("[core]\npager = a")["core.pager"] != dangerous("[core]\npager = b")["core.pager"]
    assert dangerous("[core]\npager = a\npager = b")["core.pager"] == "a\nb"


_SECTIONS = [
    "[core]",
    "[CORE]",
    '[filter "x"]',
    '[filter "]"]',
    "[filter.x]",
    '[alias "a"]',
    "[alias]",
    "[core ]",
]
_WORDS = [
    "fsmonitor",
    "FSMonitor",
    "pager",
    "clean",
    "x",
    "=",
    " = ",
    "true",
    '"a b"',
    '[a "\\""]',
    "-",
    "1",
    "é",
]
_MARKS = [
    '"',
    "\\",
    "\\\n",
    "\\n",
    "#",
    ";",
    "\n",
    "\r\n",
    "\t",
    " ",
    "[",
    "]",
    "\ufeff",
    "\r",
    "\x0b",
    "\x0c",
]
lines = st.tuples(
    st.sampled_from([*_SECTIONS, "", "#c\n"]),
    st.sampled_from(["", "\n", " ", "\t"]),
    st.sampled_from(_WORDS[:5]),
    st.lists(st.sampled_from([*_WORDS, *_MARKS]), max_size=5).map("".join),
    st.sampled_from(["\n", "\n", "", "\r\n"]),
).map("".join)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(parts=st.lists(lines, max_size=4))
def test_nothing_that_git_sees_is_missed(tmp_path: Path, parts: list[str]) -> None:
    text = "".join(parts)
    file = tmp_path / "config"
    file.write_bytes(text.encode())
    done = subprocess.run(
        ["git", "config", "--file", str(file), "--null", "--list"], capture_output=True, check=False
    )
    if done.returncode != 0:
        return  # git refuses the whole file, so nothing in it runs
    found = dangerous(text)
    seen = [item.partition(b"\n")[0].decode() for item in done.stdout.split(b"\0") if item]
    risky = [name for name in seen if name.startswith("alias.") or name in ("core.fsmonitor", "core.pager")]
    risky += [name for name in seen if name.startswith("filter.") and name.endswith(".clean")]
    assert "?" in found or set(risky) <= set(found), (text, seen, found)
