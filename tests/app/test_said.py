"""The kept output of a session: whole, its last lines, and as it grows and turns."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from contenant.app import said


@pytest.fixture
def files(tmp_path: Path) -> said.Place:
    (tmp_path / "sessions").mkdir()
    return said.place(tmp_path, "s1")


def text(pieces: Iterator[bytes]) -> str:
    return b"".join(pieces).decode()


def test_both_files_in_their_order(files: said.Place) -> None:
    assert not said.is_kept(files)
    assert text(said.read(files, None)) == ""
    files.current.write_text("three\nfour")
    assert said.is_kept(files)
    files.older.write_text("one\ntwo\n")
    assert text(said.read(files, None)) == "one\ntwo\nthree\nfour"


@pytest.mark.parametrize(
    ("tail", "shown"),
    [(0, ""), (1, "four"), (2, "three\nfour"), (3, "two\nthree\nfour"), (9, "one\ntwo\nthree\nfour")],
)
def test_the_last_lines_over_both_files(files: said.Place, tail: int, shown: str) -> None:
    files.older.write_text("one\ntwo\n")
    files.current.write_text("three\nfour")
    assert text(said.read(files, tail)) == shown
    files.current.write_text("three\nfour\n")
    assert text(said.read(files, tail)) == (shown + "\n" if shown else "")


def test_it_is_followed_over_a_turn_to_its_end(files: said.Place) -> None:
    """Between two looks the recorder may have turned: what was said before that is read from the old file."""
    files.current.write_text("one\n")
    steps = iter(("grow", "turn", "idle", "last"))

    def is_over() -> bool:
        step = next(steps, "over")
        if step == "grow":
            with files.current.open("a") as file:
                file.write("two\n")
        elif step == "turn":
            with files.current.open("a") as file:
                file.write("three\n")
            files.current.rename(files.older)
            files.current.write_text("four\n")
        elif step == "last":
            with files.current.open("a") as file:
                file.write("five\n")
            return True
        return step == "over"

    assert text(said.follow(files, 1, is_over)) == "one\ntwo\nthree\nfour\nfive\n"


def test_a_log_that_is_not_there_yet_is_waited_for(files: said.Place) -> None:
    answers = iter((False, True))

    def is_over() -> bool:
        over = next(answers, True)
        if over and not files.current.exists():
            files.current.write_text("late\n")
        return over

    assert text(said.follow(files, None, is_over)) == "late\n"


def test_what_the_container_put_there_instead_is_not_followed(files: said.Place, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    files.current.symlink_to(tmp_path / "secret")
    os.mkfifo(files.older)
    assert text(said.read(files, None)) == ""
    files.current.unlink()
    with files.current.open("wb") as file:
        file.truncate(said.LIMIT + 5)
    assert len(b"".join(said.read(files, None))) == said.LIMIT
