"""The whole program, from the command line to the database, with a podman that only answers `ps`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from contenant.core.records import ContainerRecord
from tests.cli.conftest import Run
from tests.cli.world import populate


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return tmp_path / "shop"


@pytest.fixture
def container(shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ContainerRecord:
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return populate(shop, tmp_path / "bin")


def test_list(run: Run, container: ContainerRecord, shop: Path) -> None:
    result = run("list", "--json")
    assert (result.code, result.err) == (0, "")
    (row,) = json.loads(result.out)
    assert (row["name"], row["project"], row["state"]) == (container.name, str(shop), "running")
    assert run("list", "-q").out == f"{container.name}\n"
    assert run("list", "--engine", "podman", "--state", "stopped").out == ""


def test_show(run: Run, container: ContainerRecord, shop: Path) -> None:
    tree = json.loads(run("show", str(shop), "--json").out)
    assert tree["container"]["engine_id"] == "f00d" * 16


def test_history_is_newest_first(run: Run, container: ContainerRecord, shop: Path) -> None:
    rows = json.loads(run("history", str(shop), "--json").out)
    assert rows[0]["kind"] == "container.state"
    assert {row["container"] for row in rows if row["kind"].startswith("container")} == {container.name}
    assert [row["at"] for row in rows] == sorted((row["at"] for row in rows), reverse=True)
    assert json.loads(run("history", "--kind", "project", "--json").out)[0]["kind"] == "project.added"
    assert run("history", "--until", "2000-01-01", "--json").out == "[]\n"


def test_clean_shows_before_it_removes(run: Run, container: ContainerRecord, shop: Path) -> None:
    (kept,) = json.loads(run("clean", str(shop), "--dry-run", "--json").out)
    assert (kept["action"], "it is running" in kept["reason"]) == ("keep", True)
    result = run("clean", str(shop), "--dry-run", "--force", "--json")
    (row,) = json.loads(result.out)
    assert (row["name"], row["action"]) == (container.name, "remove")
    assert run("clean", "--all", "--force").code == 2
    assert run("clean", "--stale", "99y", "--dry-run").err == "contenant: nothing to remove\n"


def test_a_project_without_a_container(run: Run, container: ContainerRecord, tmp_path: Path) -> None:
    for command in ("show", "stop", "clean"):
        assert run(command, str(tmp_path)).code == 4


def test_no_engine_at_all(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, shop: Path) -> None:
    shop.mkdir()
    monkeypatch.setenv("PATH", str(tmp_path))
    for line in (["list"], ["run", str(shop)], ["stop", "--all"]):
        result = run(*line)
        assert (result.code, result.out) == (3, ""), line
        assert result.err.startswith("contenant: error: ")
        assert "  hint: " in result.err


def test_an_engine_that_went_away(run: Run, container: ContainerRecord, tmp_path: Path) -> None:
    (tmp_path / "bin" / "podman").unlink()
    result = run("list", "--json")
    assert result.code == 3
    assert json.loads(result.out)[0]["state"] == "unknown"
    assert result.err.startswith("contenant: warning: podman did not answer")


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/no-such-directory/x", "no such directory"),
        ("/", "the whole machine"),
        ("/etc/passwd", "not a directory"),
    ],
)
def test_paths_that_are_refused(run: Run, container: ContainerRecord, path: str, message: str) -> None:
    result = run("run", path, "--", "true")
    assert result.code == 2
    assert message in result.err


def test_completion_knows_the_project(container: ContainerRecord, shop: Path) -> None:
    from contenant.cli.complete import suggestions

    assert str(shop) in [item.value for item in suggestions(["show"], str(shop)[:-1])]


def test_completion_survives_a_broken_database(container: ContainerRecord, contenant_home: Path) -> None:
    from contenant.cli.complete import suggestions

    (contenant_home / "state" / "contenant.db").write_bytes(b"junk" * 1000)
    assert suggestions(["show"], "/no-such-directory") == []
