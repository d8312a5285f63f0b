"""What a program wrote for a terminal, shown on another: its text, and nothing that acts."""

from __future__ import annotations

import pytest

from contenant.core.harmless import Harmless


def shown(*pieces: bytes) -> str:
    text = Harmless()
    return "".join(text.feed(piece) for piece in pieces) + text.feed(b"", final=True)


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (b"plain\tand\nlines\n", "plain\tand\nlines\n"),
        (b"\x1b[1;31mred\x1b[0m \x1b[2J\x1b[10;3Hx\x1b[?2026l", "red x"),
        (b"\x1b]0;title\x07a\x1b]52;c;AAAA\x1b\\b\x1bP+q544e\x1b\\c\x1b(Bd\x1b7\x1b=", "abcd"),
        (b"10%\r20%\r\n\r\r\nend\r", "10%\n20%\n\nend\n"),
        (b"\x07\x00\x9b5n\x7f", "\\x07\\x00\N{REPLACEMENT CHARACTER}5n\\x7f"),
        ("\x9b5n \u202ereversed".encode(), "\\x9b5n \\u202ereversed"),
        (b"\x1b]0;never ended", "\\x1b]0;never ended"),
        (b"\x1b", "\\x1b"),
        (b"\xc3\xa9\xff", "é\N{REPLACEMENT CHARACTER}"),
    ],
)
def test_it_is_text_whatever_the_pieces(written: bytes, text: str) -> None:
    assert shown(written) == text
    assert shown(*(bytes([one]) for one in written)) == text


def test_what_never_becomes_a_sequence_is_not_held_back_for_ever() -> None:
    text = Harmless()
    seen = "".join(text.feed(b"\x1b]" + b"x" * 3000) for _ in range(4))
    assert len(seen) > 6000
