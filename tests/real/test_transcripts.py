"""What the pages show is what contenant prints: each transcript is played and compared."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.real.conftest import Contenant
from tests.real.transcripts import ANY, MARK, blocks, play, same, shell

DOCS = Path(__file__).parents[2] / "docs"
PAGES = sorted(
    path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md") if MARK in path.read_text("utf-8")
)
WRITE = "CONTENANT_WRITE_TRANSCRIPTS"  # set by `make transcripts`: pages are written, not compared
ENGINES = ("podman",)

GIT = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"} | {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "A"), ("EMAIL", "a@example.com"))
}


def test_there_are_pages() -> None:
    assert "tutorial.md" in PAGES


@pytest.mark.real
@pytest.mark.parametrize("page", PAGES)
def test_a_page_shows_what_is_printed(page: str, contenant: Contenant, tmp_path: Path) -> None:
    path = DOCS / page
    text = path.read_text("utf-8")
    played = play(text, shell(tmp_path / "home", {**contenant.env, **GIT}))
    if os.environ.get(WRITE):
        path.write_text(played, "utf-8")
    else:
        assert played == text, "make transcripts writes what is printed now"


class TestSame:
    def test_moments_names_and_widths_are_forgiven(self) -> None:
        said = [
            "NAME                     LAST USED",
            "contenant-shop-0f45b423  now",
            "2026-11-26 16:38:27  x",
        ]
        now = ["NAME  LAST USED", "contenant-shop-11111111  3s", "2027-01-01 00:00:00  x"]
        assert same(said, now)

    @pytest.mark.parametrize(
        ("said", "now"),
        [
            (["hello"], ["hullo"]),
            (["hello"], []),
            ([], ["hello"]),
            (["exit code 1"], ["exit code 2"]),
            ([ANY, "end"], ["begin", "middle"]),
        ],
    )
    def test_words_are_not(self, said: list[str], now: list[str]) -> None:
        assert not same(said, now)

    def test_left_out_lines(self) -> None:
        assert same(["a", ANY, "z"], ["a", "b", "c", "z"])


def test_a_page_that_lies_is_found(tmp_path: Path) -> None:
    page = f"{MARK}\n```console\n$ echo one\ntwo\n$ cd /; pwd\n/\n```\n"
    run = shell(tmp_path / "home", dict(os.environ))
    assert play(page, run) == page.replace("two", "one")


def test_blocks_without_the_mark_are_left_alone() -> None:
    assert not list(blocks("```console\n$ rm -r everything\n```\n"))
