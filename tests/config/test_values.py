"""Parsers of single settings: what they take, what they refuse, and that what they show can be read again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contenant.core import settings_values as values
from contenant.core.settings_values import Forbidden, Place
from contenant.core.values import Mount, Publish
from contenant.errors import UsageError

HERE = Place("/home/me", "/home/me/code")


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("512m", 512 << 20),
        ("4g", 4 << 30),
        ("1.5G", 3 << 29),
        ("4GiB", 4 << 30),
        ("300000k", 300000 << 10),
        ("1tb", 1 << 40),
    ],
)
def test_memory(text: str, amount: int) -> None:
    assert values.parse_memory(text, HERE) == amount


@pytest.mark.parametrize("raw", ["", "4", "g", "-4g", "4x", "100m", "99999t", 4, None, True, ["4g"], "4 g"])
def test_memory_refused(raw: object) -> None:
    with pytest.raises(UsageError):
        values.parse_memory(raw, HERE)


@given(st.integers(200 * 1024, 1024**4).map(lambda kib: kib * 1024))
def test_memory_shown_is_memory_read(amount: int) -> None:
    shown = values.show_memory(amount)
    assert values.parse_memory(shown, HERE) == amount


@pytest.mark.parametrize(
    ("text", "mount"),
    [
        ("/a:/data", Mount("/a", "/data")),
        ("/a:/data:ro", Mount("/a", "/data", True)),
        ("/a:/data:rw", Mount("/a", "/data")),
        ("~/x:/data", Mount("/home/me/x", "/data")),
        ("x/../y:/data/", Mount("/home/me/code/y", "/data")),
        ("/with:colon:/data", Mount("/with:colon", "/data")),
        ("/a b 'q' é:/data", Mount("/a b 'q' é", "/data")),
        ("/a://data", Mount("/a", "/data")),
    ],
)
def test_mount(text: str, mount: Mount) -> None:
    assert values.parse_mount(text, HERE) == mount


@pytest.mark.parametrize(
    "raw",
    ["", "/a", "/a:", ":/a", "/a:data", "/a:/", "/a:/project", "/a:/project/sub", "/a:/etc/x",
     "/a:/data/../usr", "/a:/proc", "/a\n:/data", "~other/x:/data", 5, None],
)  # fmt: skip
def test_mount_refused(raw: object) -> None:
    with pytest.raises(UsageError) as caught:
        values.parse_mount(raw, HERE)
    assert caught.value.message


parts = st.text(st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="/:~"), min_size=1)
paths = st.lists(parts.filter(lambda part: part.strip(".")), min_size=1, max_size=4).map(
    lambda names: "/" + "/".join(names)
)


@given(paths, paths, st.booleans())
def test_mount_shown_is_mount_read(source: str, target: str, read_only: bool) -> None:
    mount = Mount(source, f"/data{target}", read_only)
    assert values.parse_mount(values.show_mount(mount), HERE) == mount


FORBIDDEN = (Forbidden("/home/me", "the home", parts=True), Forbidden("/home/me/.state", "contenant's own"))


@pytest.mark.parametrize("path", ["/", "/home", "/home/me", "/home/me/.state", "/home/me/.state/db"])
def test_forbidden_sources(path: str) -> None:
    with pytest.raises(UsageError):
        values.refuse_source(path, FORBIDDEN)


@pytest.mark.parametrize("path", ["/home/me/code", "/home/men", "/home/me/.stately", "/srv"])
def test_sources_that_are_not_forbidden(path: str) -> None:
    values.refuse_source(path, FORBIDDEN)


@pytest.mark.parametrize(
    ("text", "publish"),
    [
        ("8080:80", Publish("127.0.0.1", 8080, 80)),
        ("127.0.0.1:8080:80", Publish("127.0.0.1", 8080, 80)),
        ("0.0.0.0:53:53/udp", Publish("0.0.0.0", 53, 53, "udp")),
        ("[::1]:8080:80/tcp", Publish("::1", 8080, 80)),
    ],
)
def test_publish(text: str, publish: Publish) -> None:
    assert values.parse_publish(text, HERE) == publish
    assert values.parse_publish(values.show_publish(publish), HERE) == publish


@pytest.mark.parametrize(
    "raw",
    ["", "80", ":80", "80:", "0:80", "80:65536", "localhost:80:80", "::1:80:80", "[127.0.0.1]:80:80",
     "80:80/sctp", ":80:80", "80:80/", "1.2.3:80:80", "-1:80", 8080, "٣:80"],
)  # fmt: skip
def test_publish_refused(raw: object) -> None:
    with pytest.raises(UsageError):
        values.parse_publish(raw, HERE)


def test_env_items() -> None:
    assert values.parse_env_item("A=b=c", HERE) == ("A", "b=c")
    assert values.parse_env_item("A=", HERE) == ("A", "")
    assert values.parse_env_item("A", HERE) == ("A", None)
    assert values.parse_env_table({"A": "x", "B": True}, HERE) == {"A": "x", "B": None}


@pytest.mark.parametrize("raw", ["", "=x", "1A=x", "A-B=x", "CONTENANT_UID=0", "A=\0", "É=1", None])
def test_env_items_refused(raw: object) -> None:
    with pytest.raises(UsageError):
        values.parse_env_item(raw, HERE)


@pytest.mark.parametrize("raw", [{"A": 1}, {"A": False}, {"A-B": "x"}, ["A=x"], "A=x"])
def test_env_tables_refused(raw: object) -> None:
    with pytest.raises(UsageError):
        values.parse_env_table(raw, HERE)


def test_numbers_and_flags() -> None:
    assert values.parse_cpus("2", HERE) == values.parse_cpus(2, HERE) == 2
    assert values.parse_seconds("2m", HERE) == 120
    assert values.parse_seconds(0, HERE) == 0
    assert values.parse_flag("On", HERE) is True
    assert values.parse_flag(False, HERE) is False


@pytest.mark.parametrize("raw", ["0", "-1", "1.5", 0, 1.0, True, "", "1025", None, "²"])
def test_cpus_refused(raw: object) -> None:
    with pytest.raises(UsageError):
        values.parse_cpus(raw, HERE)


@pytest.mark.parametrize("raw", ["2h", "junk", -1, 3601, "m", None, 1.5])
def test_seconds_refused(raw: object) -> None:
    with pytest.raises(UsageError):
        values.parse_seconds(raw, HERE)


@pytest.mark.parametrize("raw", ["maybe", 1, 0, None, "", []])
def test_flags_refused(raw: object) -> None:
    with pytest.raises(UsageError):
        values.parse_flag(raw, HERE)


@pytest.mark.parametrize(
    "raw", ["/etc", "../x", "a/b", ".", "..", "~", "", 3, "a\nb", ".credentials.json", "projects", ".x"]
)
def test_customisations_refused(raw: object) -> None:
    with pytest.raises(UsageError):
        values.parse_customisation(raw, HERE)


@given(
    st.one_of(
        st.text(), st.integers(), st.none(), st.booleans(), st.lists(st.text(), max_size=2), st.floats()
    )
)
def test_no_parser_fails_in_another_way(raw: object) -> None:
    parsers = (
        values.parse_text, values.parse_flag, values.parse_cpus, values.parse_seconds, values.parse_memory,
        values.parse_path, values.parse_mount, values.parse_publish, values.parse_env_item,
        values.parse_env_table, values.parse_entry, values.parse_customisation,
        values.listed(values.parse_mount),
    )  # fmt: skip
    for parser in parsers:
        try:
            parser(raw, HERE)
        except UsageError as error:
            assert error.message and "\n" not in error.message
