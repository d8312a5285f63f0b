"""What reaches a terminal: nothing that could steer it, and nothing wider than it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contenant.cli.text import below_home, shorten, visible, width


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("plain", "plain"),
        ("a\nb", "a\\nb"),
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("\x9b31m", "\\x9b31m"),  # the one-byte form of the same escape
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("\u2028", "\\u2028"),
        ("caf\udce9", "caf\\xe9"),
        ("日本", "日本"),
    ],
)
def test_unprintable_characters_become_escapes(raw: str, shown: str) -> None:
    assert visible(raw) == shown


@given(st.text())
def test_visible_text_is_printable_whatever_it_was(raw: str) -> None:
    assert visible(raw).isprintable()


@pytest.mark.parametrize(("text", "columns"), [("abc", 3), ("日本", 4), ("e\u0301", 1), ("ﬀ", 1), ("", 0)])
def test_width_is_what_a_terminal_shows(text: str, columns: int) -> None:
    assert width(text) == columns


@given(st.text(alphabet=st.characters(exclude_categories=["C", "Zl", "Zp"])), st.integers(0, 40))
def test_shortened_text_fits_and_keeps_both_ends(text: str, room: int) -> None:
    short = shorten(text, room)
    assert width(short) <= room
    if width(text) <= room:
        assert short == text
    elif room >= 5:
        head, _, tail = short.partition("…")
        assert text.startswith(head)
        assert text.endswith(tail)


def test_shortening_cuts_the_middle() -> None:
    assert shorten("/home/me/work/shop", 11) == "/home…/shop"


@pytest.mark.parametrize(
    ("path", "home", "shown"),
    [
        ("/home/me/shop", "/home/me", "~/shop"),
        ("/home/me", "/home/me", "~"),
        ("/home/meg/shop", "/home/me", "/home/meg/shop"),
        ("/srv/shop", "/", "/srv/shop"),
        ("/root/x", "/root/", "~/x"),
        ("", "/root", ""),
    ],
)
def test_the_home_directory_is_a_tilde(path: str, home: str, shown: str) -> None:
    assert below_home(path, home) == shown
