"""What the pages show is what contenant prints: each transcript is played and compared."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import pytest

from tests.real.conftest import Contenant
from tests.real.transcripts import ANY, APPLE, MARK, blocks, play, same, shell
from tests.store.postgresql import cluster

DOCS = Path(__file__).parents[2] / "docs"


def marked(mark: str) -> list[str]:
    """The pages with blocks of one kind."""
    pages = (path for path in DOCS.rglob("*.md") if f"\n{mark}\n" in path.read_text("utf-8"))
    return sorted(path.relative_to(DOCS).as_posix() for path in pages)


PAGES = marked(MARK)
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
    check(page, contenant, tmp_path)


@pytest.mark.real
@pytest.mark.engines("container-1.4.1")
@pytest.mark.parametrize("page", marked(APPLE))
def test_a_page_of_apples_shows_what_is_printed(page: str, contenant: Contenant, tmp_path: Path) -> None:
    check(page, contenant, tmp_path)


def check(page: str, contenant: Contenant, tmp_path: Path) -> None:
    """Play a page as a new user: nothing configured, and a database server where the page names one."""
    path = DOCS / page
    text = path.read_text("utf-8")
    with contextlib.ExitStack() as stack:
        env = {**contenant.env, **GIT, "XDG_CONFIG_HOME": str(contenant.home / "config")}
        if "$SERVER" in text:
            server = stack.enter_context(cluster())
            env["SERVER"] = server.url(server.create())
        stack.callback(forget, contenant, tmp_path / "home")
        played = play(text, shell(tmp_path / "home", env))
    if os.environ.get(WRITE):
        path.write_text(played, "utf-8")
    else:
        assert played == text, "make transcripts writes what is printed now"


def forget(contenant: Contenant, home: Path) -> None:
    """What the page configured; and a second host of its, `~/other`, goes with its containers."""
    (contenant.home / "config" / "config.toml").unlink(missing_ok=True)
    if (home / "other").exists():
        contenant("clean", "--all", "--yes", "--force", cwd=home, env={"CONTENANT_HOME": str(home / "other")})


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


def test_a_command_of_several_lines(tmp_path: Path) -> None:
    page = f"{MARK}\n```console\n$ cat <<'END'\n$ one\nEND\n$ echo \\\n  two\n```\n"
    assert [command for command, _ in next(blocks(page)).commands] == [
        "cat <<'END'\n$ one\nEND",
        "echo \\\n  two",
    ]
    played = play(page, shell(tmp_path / "home", dict(os.environ)))
    assert played == page.replace("END\n$ echo", "END\n$ one\n$ echo").replace("  two\n", "  two\ntwo\n")


def test_places_are_named_as_a_reader_has_them(tmp_path: Path) -> None:
    page = f"{MARK}\n```console\n$ echo ~/x $CONTENANT_HOME/config; ls -d ~/.config/contenant/\n```\n"
    there = {**os.environ, "CONTENANT_HOME": str(tmp_path / "there")}
    said = play(page, shell(tmp_path / "home", there))
    assert said.splitlines()[3:5] == ["~/x ~/.config/contenant", "~/.config/contenant/"]


def test_blocks_without_the_mark_are_left_alone() -> None:
    assert not list(blocks("```console\n$ rm -r everything\n```\n"))
