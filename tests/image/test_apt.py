"""The host's package sources, as the build gets them."""

from __future__ import annotations

from contenant.image.apt import NONE, Sources, pick, read_proxies

MIRROR, FIXES = "http://mirror.example/debian", "https://fixes.example/debian-security"
TARGETS = [
    "https://other.example/ nodistro",
    "cdrom:[Debian]/ bookworm",
    "file:/srv/debian bookworm",
    f"{MIRROR}/ bookworm",
    "http://second.example/debian bookworm",
    f"{MIRROR}/ bookworm-updates",
    f"{FIXES} bookworm-security",
]


def test_the_first_archive_of_the_hosts_release_is_taken() -> None:
    assert pick(TARGETS, "bookworm") == (MIRROR, FIXES)
    assert pick(TARGETS, "trixie") == ("", "")
    assert pick(TARGETS, "") == ("", "")
    assert pick([], "bookworm") == ("", "")


def test_proxies_are_read() -> None:
    dump = 'Acquire::http::Proxy "http://192.0.2.1:3128";\nAcquire::https::Proxy "";\nOther "x";\n'
    assert read_proxies(dump) == (("Acquire::http::Proxy", "http://192.0.2.1:3128"),)
    assert read_proxies("") == ()


def test_sources_are_for_the_base_suite() -> None:
    sources = Sources(MIRROR, FIXES, (), "")
    assert sources.lines() == [
        f"deb {MIRROR} trixie main",
        f"deb {MIRROR} trixie-updates main",
        f"deb {FIXES} trixie-security main",
    ]
    paragraphs = sources.deb822().split("\n\n")
    assert len(paragraphs) == 3
    assert all("Signed-By: /usr/share/keyrings/" in paragraph for paragraph in paragraphs)
    assert Sources(MIRROR, "", (), "").lines()[-1].endswith("trixie-updates main")


def test_nothing_is_said_where_nothing_is_known() -> None:
    assert NONE.lines() == NONE.options() == []
    assert NONE.deb822() == ""
