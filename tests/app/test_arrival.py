"""Announced sessions: which ones never arrived, and what a container said that would not start."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from contenant.app import arrival
from contenant.errors import EngineError, FirewallError


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A container's directory."""
    (tmp_path / "sessions").mkdir()
    return tmp_path


def written(place: Path, text: str) -> None:
    (place / "sessions" / "s1.pid").write_text(text)


def test_an_announcement_is_there_for_whoever_is_root_in_the_container(place: Path) -> None:
    before = os.umask(0o077)
    try:
        arrival.announce(place, "s1")
    finally:
        os.umask(before)
    file = place / "sessions" / "s1.pid"
    assert stat.S_IMODE(file.stat().st_mode) == 0o666
    first, when, word = file.read_text().split()
    assert (first, word) == ("0", "coming")
    assert abs(int(when) - file.stat().st_mtime) < 5


@pytest.mark.parametrize(
    ("text", "missed"),
    [
        ("", True),  # killed while it wrote
        ("0 1790000000 coming\n", True),
        ("17 4211 run \n", True),  # there, but not yet through the firewall's check
        ("17 4211 attach\n", True),
        ("17 4211 run began\n", False),
        ("17 4211 attach began\n", False),
    ],
)
def test_which_sessions_never_began(place: Path, text: str, missed: bool) -> None:
    written(place, text)
    assert arrival.is_missed(place, "s1") is missed


def test_what_was_tidied_up_had_begun(place: Path) -> None:
    assert not arrival.is_missed(place, "s1")
    arrival.announce(place, "s1")
    assert arrival.is_missed(place, "s1")
    arrival.forget(place, "s1")
    arrival.forget(place, "s1")
    assert not arrival.is_missed(place, "s1")


def test_a_directory_that_is_gone_is_no_failure(tmp_path: Path) -> None:
    arrival.announce(tmp_path / "gone", "s1")
    assert not arrival.is_missed(tmp_path / "gone", "s1")


def test_a_link_is_not_followed(place: Path, tmp_path: Path) -> None:
    (place / "sessions" / "s1.pid").symlink_to(tmp_path / "elsewhere")
    arrival.announce(place, "s1")
    assert not (tmp_path / "elsewhere").exists()


def test_why_it_would_not_start(place: Path) -> None:
    assert arrival.start_failure("shop", place) is None
    told = place / "sessions" / "start.failed"
    told.write_text("")
    assert arrival.start_failure("shop", place) is None
    told.write_text("contenant: firewall: no nftables\n97 the firewall could not be proven; nothing starts\n")
    failure = arrival.start_failure("shop", place)
    assert isinstance(failure, FirewallError)
    assert failure.exit_code == 6
    assert failure.message == (
        "shop did not start: firewall: no nftables; the firewall could not be proven; nothing starts"
    )
    told.write_text("96 CONTENANT_UID=0: the agent needs an id\n")
    failure = arrival.start_failure("shop", place)
    assert type(failure) is EngineError
    assert failure.message == "shop did not start: CONTENANT_UID=0: the agent needs an id"


def test_what_it_says_is_told_at_a_bearable_length(place: Path) -> None:
    told = place / "sessions" / "start.failed"
    lines = [f"contenant: firewall: complaint {number}\n" for number in range(1, 10)]
    told.write_text("".join(lines[:3]) + "97 nothing starts\n")
    failure = arrival.start_failure("shop", place)
    assert failure is not None
    assert failure.message.endswith(
        "complaint 1; firewall: complaint 2; firewall: complaint 3; nothing starts"
    )
    told.write_text("".join(lines) + "97 nothing starts\n")
    failure = arrival.start_failure("shop", place)
    assert failure is not None
    assert failure.message == (
        "shop did not start: firewall: complaint 1; firewall: complaint 2; firewall: complaint 3; "
        f"… 6 more lines in {told}; nothing starts"
    )
    told.write_text("x" * 5000 + "\n97 " + "y" * 5000)
    failure = arrival.start_failure("shop", place)
    assert isinstance(failure, FirewallError)
    assert len(failure.message) < 450


def test_a_session_that_does_not_arrive_in_time_is_overdue_and_one_that_began_never_is(place: Path) -> None:
    arrival.announce(place, "s1")
    assert not arrival.Overdue(place, "s1", 60)()
    late = arrival.Overdue(place, "s1", -1)
    assert late() and late.found
    written(place, "12 345 run began\n")
    begun = arrival.Overdue(place, "s1", -1)
    assert not begun() and not begun.found
    written(place, "0 345 coming\n")
    assert not begun(), "what has arrived is looked at no more"


def test_what_the_container_wrote_is_never_a_failure_of_ours(place: Path) -> None:
    told = place / "sessions" / "start.failed"
    told.write_text("contenant: firewall: a line\n" * 400 + "97 nothing starts\n")
    assert isinstance(arrival.start_failure("shop", place), FirewallError)
    told.write_text("x" * (1 << 20))
    assert arrival.start_failure("shop", place) is None
    told.unlink()
    told.mkdir()
    assert arrival.start_failure("shop", place) is None
    (place / "sessions" / "s1.pid").symlink_to("/etc/hostname")
    assert not arrival.is_missed(place, "s1")
