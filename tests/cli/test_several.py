"""Which of a project's containers a command is about: --name and PATH@NAME reach what does the work."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from contenant.app import attach, auth, clipboard, drop, egress, firewall_probe, ports
from contenant.app.clipboard import Clip
from contenant.app.drop import Request
from contenant.app.project import Target
from contenant.app.top import Row
from contenant.cli.render import Output, emit
from contenant.cli.top import table
from tests.cli.conftest import Run

SHOP = Path("/srv/shop")
ROW = Row("contenant-shop-review-0f0f0f0f", "/srv/shop", "running", 1, 5.0, 1, 2, 3, "podman", "review")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What each use case is called with; none does anything."""
    calls: list[tuple[Any, ...]] = []

    def kept(answer: object, *names: str) -> Any:
        def fake(*given: Any, **named: Any) -> object:
            calls.append((*given, *(named[name] for name in names)))
            return answer

        return fake

    for name in ("put", "get", "put_data", "listing"):
        answer: Any = [] if name != "put_data" else drop.Passed("/drop/x", "clipboard", 1, 1, ())
        monkeypatch.setattr(drop, name, kept(answer))
    monkeypatch.setattr(clipboard, "read", lambda environ: Clip(b"x", "txt"))
    monkeypatch.setattr(ports, "change", kept(()))
    monkeypatch.setattr(ports, "listing", kept([]))
    monkeypatch.setattr(auth, "status", kept([]))
    monkeypatch.setattr(firewall_probe, "test", kept([]))
    monkeypatch.setattr(attach, "attach", kept(0, "name"))
    return calls


@pytest.mark.parametrize("words", ["--project /srv/shop --name review", "--project /srv/shop@review"])
def test_files_ports_and_the_firewalls_test(run: Run, asked: list[tuple[Any, ...]], words: str) -> None:
    for command in (
        "put f",
        "get f",
        "get",
        "paste --to x",
        "port add 1:2",
        "port remove 1:2",
        "firewall test",
    ):
        assert run(*command.split(), *words.split()).code == 0, command
    request = Request(SHOP, variant="review")
    assert asked[0] == (request, ("f",))
    assert asked[1] == (request, ("f",))
    assert asked[2] == (SHOP, "review")
    assert asked[3] == (request._replace(most=clipboard.MOST), "x", b"x")
    assert asked[4][:3] == (Target(SHOP, "review"), ("1:2",), ())
    assert asked[5][:3] == (Target(SHOP, "review"), (), ("1:2",))
    assert asked[6] == (SHOP, "", "review")


def test_none_is_meant_without_a_name_and_the_first_behind_an_at_alone(
    run: Run, asked: list[tuple[Any, ...]]
) -> None:
    run("get", "--project", "/srv/shop")
    run("get", "--project", "/srv/shop@")
    assert asked == [(SHOP, None), (SHOP, "")]


def test_sessions_ports_and_sources(run: Run, asked: list[tuple[Any, ...]]) -> None:
    run("attach", "--name", "review")
    run("port", "/srv/shop@review", "/srv/blog")
    run("port", "--name", "review")
    run("auth", "status", "/srv/shop@review")
    assert asked[0] == (".", "review")
    assert asked[1][0] == [Target(SHOP, "review"), Target(Path("/srv/blog"))]
    assert asked[2][0] == [Target(Path(), "review")]
    assert asked[3] == (SHOP, "review")


@pytest.mark.parametrize(
    "words",
    [
        "port --all --name review",
        "put f --project /srv/shop@review --name other",
        "get --name Review",
        "firewall log --name review",
        "firewall log --project /srv/shop@review",
    ],
)
def test_what_cannot_be_meant(run: Run, asked: list[tuple[Any, ...]], words: str) -> None:
    assert run(*words.split()).code == 2
    assert asked == []


def test_the_firewalls_log_is_followed_in_one(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    queries: list[egress.LogQuery] = []

    def follow(query: egress.LogQuery, ui: object) -> list[object]:
        queries.append(query)
        return []

    monkeypatch.setattr(egress, "follow", follow)
    assert run("firewall", "log", "--follow", "--project", "/srv/shop@review").code == 0
    assert [(query.path, query.variant) for query in queries] == [(SHOP, "review")]


def test_top_shows_them_as_list_does() -> None:
    stream = io.StringIO()
    emit([ROW], table(), Output("table", stream))
    assert "/srv/shop@review" in stream.getvalue()
