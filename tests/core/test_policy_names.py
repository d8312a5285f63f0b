"""The grammar of entries: what is taken, how it is spelt, what is refused."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contenant.core.policy_names import Pattern, command_to_allow, covers, opens, parse_name, parse_pattern
from contenant.errors import UsageError
from contenant.suffixes import is_public_suffix

LABEL = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True).filter(
    lambda text: not text.startswith("xn--")
)
TOP = st.from_regex(r"[a-z]{2,6}", fullmatch=True)
NAMES = st.builds(lambda labels, top: ".".join([*labels, top]), st.lists(LABEL, min_size=1, max_size=4), TOP)


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("api.example.com", Pattern("api.example.com")),
        ("API.Example.COM", Pattern("api.example.com")),
        ("example.com.", Pattern("example.com")),
        ("*.example.com", Pattern("example.com", wildcard=True)),
        ("git.example.com:22", Pattern("git.example.com", port=22)),
        ("host:5432", Pattern("host", port=5432)),
        ("_dmarc.example.com", Pattern("_dmarc.example.com")),
        ("bücher.example.com", Pattern("xn--bcher-kva.example.com")),
        ("*.пример.рф", Pattern("xn--e1afmkfd.xn--p1ai", wildcard=True)),
        ("例え.jp", Pattern("xn--r8jz45g.jp")),
        ("xn--bcher-kva.example.com", Pattern("xn--bcher-kva.example.com")),
        ("1.example.com", Pattern("1.example.com")),
    ],
)
def test_taken_and_spelt_one_way(text: str, pattern: Pattern) -> None:
    assert parse_pattern(text, is_public_suffix) == pattern


@pytest.mark.parametrize(
    "text",
    [
        "", "*", "*.", "*.com", "*.co.uk", "*.github.io", "*.s3.amazonaws.com", "*.\u0440\u0444",
        "*.example", "a.*.example.com", "*x.example.com", "**.example.com", "*.*.example.com", "com",
        "localhost", "host", "host:0", "host:", "1.2.3.4", "1.2.3.4:22", "[::1]", "::1", "fe80::1",
        "0x7f.1", "example.0x7f", "example.1", "https://example.com", "example.com/", "user@example.com",
        "a b.example.com", "a;.example.com", "a}.example.com", "a{.example.com", "a\n.example.com",
        "a.example.com\n", "a\x00.example.com", "a\t.example.com", "a#.example.com", "-a.example.com",
        "a-.example.com", "a..example.com", ".example.com", "example.com..",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example.com",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.com",
        "example.com:0", "example.com:65536", "example.com:022", "example.com:+22", "example.com:22:23",
        "*.example.com:22", "stra\xdfe.de", "\u03b2\u03cc\u03bb\u03bf\u03c2.gr", "a\u200db.example.com",
        "xn--.example.com\u0301", "a\uff0eb..example.com", "xn--99999999999999.example.com",
        "a$b.example.com", "a\\b.example.com", 'a"b.example.com',
    ],
)  # fmt: skip
def test_refused_with_one_line_and_a_hint(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_pattern(text, is_public_suffix)
    assert "\n" not in caught.value.message
    assert caught.value.hint


@given(NAMES)
def test_a_name_is_its_own_spelling(name: str) -> None:
    assert parse_name(name) == name
    assert parse_name(name.upper()) == name
    assert str(parse_pattern(name, is_public_suffix)) == name


@given(st.text(max_size=40))
def test_whatever_is_taken_is_safe_to_print_in_a_configuration(text: str) -> None:
    try:
        pattern = parse_pattern(text, is_public_suffix)
    except UsageError:
        return
    assert set(pattern.name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-_.")
    assert parse_pattern(str(pattern), is_public_suffix) == pattern


def test_the_suffix_list_is_asked_for_wildcards_only() -> None:
    def never(name: str) -> bool:
        raise AssertionError(name)

    assert parse_pattern("example.com", never).name == "example.com"


@given(NAMES, LABEL)
def test_a_wildcard_covers_what_is_below_and_not_itself(name: str, label: str) -> None:
    wild, exact = Pattern(name, wildcard=True), Pattern(name)
    assert covers(wild, Pattern(f"{label}.{name}"))
    assert covers(wild, Pattern(f"a.{label}.{name}"))
    assert covers(wild, Pattern(f"{label}.{name}", wildcard=True))
    assert covers(wild, wild)
    assert not covers(wild, exact)
    assert not covers(exact, wild)
    assert not covers(wild, Pattern(f"{label}{name}"))
    assert covers(exact, exact)


def test_ports() -> None:
    assert opens(Pattern("a.example.com"), "a.example.com", 443)
    assert opens(Pattern("a.example.com"), "a.example.com", 80)
    assert not opens(Pattern("a.example.com"), "a.example.com", 22)
    assert opens(Pattern("a.example.com", port=22), "a.example.com", 22)
    assert not opens(Pattern("a.example.com", port=22), "a.example.com", 443)


@pytest.mark.parametrize(
    ("name", "port", "words"),
    [
        ("example.com", 443, ["example.com"]),
        ("example.com", 80, ["example.com"]),
        ("git.example.com", 22, ["git.example.com", "--port", "22"]),
        ("host", 5432, ["host:5432"]),
    ],
)
def test_the_command_that_opens_a_host_has_all_it_needs(name: str, port: int, words: list[str]) -> None:
    """As a shell takes it: `allow` refuses a change without a reason."""
    command = shlex.split(command_to_allow(name, port))
    assert command == ["contenant", "firewall", "allow", *words, "--reason", "…"]
