"""What listens, by the kernel's own tables, and how lists of published ports change."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from contenant.core.ports import Listener, added, behind, clash, is_open_to_others, read_tables, removed
from contenant.core.settings_values import Place, parse_publish
from contenant.core.values import Publish
from contenant.errors import NotFoundError, UsageError

TABLES = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:0BB8 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 1 1 0 100 0 0 10 0
   1: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 2 1 0 100 0 0 10 0
   2: 0100007F:D431 0100007F:1F90 01 00000000:00000000 00:00000000 00000000  1000        0 3 1 0 100 0 0 10 0
  sl  local_address                         remote_address                        st tx_queue
   0: 00000000000000000000000001000000:1388 00000000000000000000000000000000:0000 0A 00000000:00000000
   1: 00000000000000000000000000000000:0BB9 00000000000000000000000000000000:0000 0A 00000000:00000000
   2: 0000000000000000FFFF00000100007F:0BBA 00000000000000000000000000000000:0000 0A 00000000:00000000
  sl  local_address rem_address   st tx_queue
 1117: 00000000:0035 00000000:0000 07 00000000:00000000
"""


def publish(text: str) -> Publish:
    found: Publish = parse_publish(text, Place("/", "/"))
    return found


def test_tables() -> None:
    assert read_tables(TABLES) == {
        Listener(3000, "tcp", True),
        Listener(8080, "tcp", False),
        Listener(5000, "tcp", True),
        Listener(3001, "tcp", False),
        Listener(3002, "tcp", True),
        Listener(53, "udp", False),
    }
    assert read_tables("") == read_tables("cat: no such file\n") == frozenset()


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("1:3000", "inside only"),
        ("1:8080", "listening"),
        ("1:8080/udp", "nothing"),
        ("1:53/udp", "listening"),
        ("1:5000", "inside only"),
        ("1:9", "nothing"),
    ],
)
def test_what_is_behind_a_port(text: str, state: str) -> None:
    assert behind(publish(text), read_tables(TABLES)) == state


def test_the_tables_of_this_machine() -> None:
    with socket.socket() as here, socket.socket() as wide:
        here.bind(("127.0.0.1", 0))
        wide.bind(("0.0.0.0", 0))
        for one in (here, wide):
            one.listen()
        found = read_tables(Path("/proc/net/tcp").read_text())
        assert Listener(here.getsockname()[1], "tcp", True) in found
        assert Listener(wide.getsockname()[1], "tcp", False) in found


@pytest.mark.parametrize(
    ("one", "other", "wanted"),
    [
        ("8080:80", "8080:81", True),
        ("8080:80", "8081:80", False),
        ("8080:80", "8080:80/udp", False),
        ("127.0.0.1:8080:80", "0.0.0.0:8080:80", True),
        ("127.0.0.1:8080:80", "127.0.0.2:8080:80", False),
    ],
)
def test_clashes(one: str, other: str, wanted: bool) -> None:
    assert clash(publish(one), publish(other)) is wanted


def test_lists_that_change() -> None:
    first, second = publish("8080:80"), publish("9000:90")
    assert added((first,), [second, first]) == (first, second)
    with pytest.raises(UsageError, match="want the same port"):
        added((first,), [publish("8080:81")])
    assert removed((first, second), [first], {}) == (second,)
    with pytest.raises(NotFoundError, match="not published"):
        removed((first,), [second], {})
    with pytest.raises(UsageError, match=r"set in config\.toml"):
        removed((), [first], {first: "config.toml"})


def test_who_may_reach_it() -> None:
    shown = [
        "8080:80",
        "[::1]:8080:80",
        "127.9.9.9:8080:80",
        "0.0.0.0:8080:80",
        "192.0.2.1:8080:80",
        "[::]:1:1",
    ]
    assert [is_open_to_others(publish(text)) for text in shown] == [False] * 3 + [True] * 3
