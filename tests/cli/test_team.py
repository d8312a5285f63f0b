"""Two hosts, one PostgreSQL database: the commands of one never touch what the other has."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from contenant.store.location import VARIABLE
from contenant.store.store import open_store
from contenant.store.verify import verify
from tests.cli.world import populate
from tests.store.postgresql import cluster
from tests.store.samples import Clock


@pytest.fixture
def url(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with cluster() as server:
        name = server.create()
        monkeypatch.setenv(VARIABLE, server.url(name))
        yield server.url(name)


class Host:
    """A state directory with a project and a podman that knows its container."""

    def __init__(
        self, place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self._place, self._monkeypatch, self._capsys = place, monkeypatch, capsys
        place.mkdir()
        self._enter()
        self.container = populate(place / "shop", place / "bin", place.name)

    def _enter(self) -> None:
        self._monkeypatch.setenv("CONTENANT_HOME", str(self._place / "home"))
        self._monkeypatch.setenv("CONTENANT_ENGINE", "podman")
        self._monkeypatch.setenv("PATH", f"{self._place / 'bin'}:/usr/bin:/bin")

    def run(self, *arguments: str) -> tuple[int, Any]:
        from contenant.cli.entry import main

        self._enter()
        code = main([*arguments, "--json"])
        out = self._capsys.readouterr().out
        return code, json.loads(out) if out else None

    def stop(self) -> None:
        """Stop the container behind contenant's back."""
        answer = self._place / "bin/ps.json"
        answer.write_text(answer.read_text().replace('"running"', '"exited"'))


def test_each_reconciles_its_own(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    one, two = (Host(tmp_path / name, monkeypatch, capsys) for name in ("1", "2"))
    assert [row["project"] for row in one.run("list")[1]] == [str(tmp_path / "1/shop")]
    assert [row["project"] for row in two.run("list")[1]] == [str(tmp_path / "2/shop")]
    two.stop()
    assert [row["state"] for row in two.run("list")[1]] == ["stopped"]
    assert [row["state"] for row in one.run("list")[1]] == ["running"]
    code, rows = one.run("db", "check")
    assert (code, {row["good"] for row in rows}) == (0, {True})
    assert sum(row["what"].startswith("audit log of ") for row in rows) == 2
    changed = ["container.state"]
    assert [event["kind"] for event in two.run("history", "--kind", "container.state")[1]] == changed * 2
    assert [event["kind"] for event in one.run("history", "--kind", "container.state")[1]] == changed
    with open_store(url, now=Clock(), host_id="nobody") as store:
        assert verify(store.events())[::2] == (0, "")
