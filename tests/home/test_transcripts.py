"""Transcripts are found and read piece by piece, and nothing else of what the agent put there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from contenant.home import transcripts
from contenant.home.transcripts import Transcript, find, read


@pytest.fixture
def projects(tmp_path: Path) -> Path:
    place = tmp_path / "agent" / "projects"
    (place / "-work" / "conv" / "subagents").mkdir(parents=True)
    return place


def lines(home: Path, transcript: Transcript, start: int = 0, limit: int = 10**9) -> tuple[list[bytes], int]:
    found: list[bytes] = []
    position = start
    for piece in read(home, transcript, start, limit):
        found += piece.lines
        position = piece.position
    return found, position


def test_sessions_and_their_sub_agents(projects: Path, tmp_path: Path) -> None:
    for name in ("-work/conv.jsonl", "-work/conv/subagents/agent-1.jsonl", "-work/notes.md"):
        (projects / name).write_text("x\n")
    assert [each.path for each in find(tmp_path)] == [
        "-work/conv.jsonl",
        "-work/conv/subagents/agent-1.jsonl",
    ]
    assert find(tmp_path)[0].size == 2


def test_no_home_has_none(tmp_path: Path) -> None:
    assert find(tmp_path / "absent") == []


def test_no_link_is_followed(projects: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "a.jsonl").write_text("secret\n")
    (projects / "linked").symlink_to(secret)
    (projects / "b.jsonl").symlink_to(secret / "a.jsonl")
    os.mkfifo(projects / "c.jsonl")
    (projects / "d.jsonl").mkdir()
    assert find(tmp_path) == []
    # and none that takes the place of what was found
    (projects / "e.jsonl").write_text("mine\n")
    (found,) = find(tmp_path)
    (projects / "e.jsonl").unlink()
    (projects / "e.jsonl").symlink_to(secret / "a.jsonl")
    with pytest.raises(OSError, match="symbolic links"):
        lines(tmp_path, found)
    (projects / "e.jsonl").unlink()
    os.mkfifo(projects / "e.jsonl")
    assert lines(tmp_path, found) == ([], 0)
    projects.rename(tmp_path / "moved")
    projects.symlink_to(tmp_path / "moved")
    assert find(tmp_path) == []


def test_many_and_deep_directories_have_an_end(
    projects: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = projects / "1/2/3/4/5/6"
    deep.mkdir(parents=True)
    for place in (deep, deep.parents[0], deep.parents[1]):
        (place / "x.jsonl").write_text("")
    assert [each.path for each in find(tmp_path)] == ["1/2/3/4/x.jsonl"]
    monkeypatch.setattr(transcripts, "ENTRIES", 5)
    for number in range(20):
        (projects / f"{number}.jsonl").write_text("")
    assert len(find(tmp_path)) <= 5


def test_reading_goes_on_where_it_was_left_off(projects: Path, tmp_path: Path) -> None:
    path = projects / "a.jsonl"
    path.write_bytes(b"one\ntwo\nthr")
    (found,) = find(tmp_path)
    assert lines(tmp_path, found) == ([b"one", b"two"], 8)
    with path.open("ab") as file:
        file.write(b"ee\nfour\n")
    (found,) = find(tmp_path)
    assert lines(tmp_path, found, 8) == ([b"three", b"four"], 19)
    assert lines(tmp_path, found, 19) == ([], 19)


def test_pieces_are_whole_lines_and_bounded(
    projects: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transcripts, "BLOCK", 7)
    text = b"".join(b"line %d\n" % number for number in range(50))
    (projects / "a.jsonl").write_bytes(text)
    (found,) = find(tmp_path)
    assert lines(tmp_path, found) == (text.splitlines(), len(text))
    some, position = lines(tmp_path, found, limit=100)
    assert 0 < position <= 100
    assert some + lines(tmp_path, found, position)[0] == text.splitlines()


def test_an_endless_line_is_passed_over(
    projects: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transcripts, "BLOCK", 64)
    monkeypatch.setattr(transcripts, "LONGEST_LINE", 200)
    (projects / "a.jsonl").write_bytes(b"x" * 1000 + b"\nafter\n")
    (found,) = find(tmp_path)
    got, position = lines(tmp_path, found)
    assert got[-1] == b"after"
    assert position == found.size
    assert all(len(each) <= 300 for each in got)


def test_another_file_of_that_name_is_not_read_as_the_old_one(projects: Path, tmp_path: Path) -> None:
    (projects / "a.jsonl").write_text("one\n")
    (found,) = find(tmp_path)
    (projects / "b.jsonl").write_text("two\n")
    (projects / "b.jsonl").rename(projects / "a.jsonl")
    assert lines(tmp_path, found) == ([], 0)
