"""`contenant show`, `image build`, `image list`."""

from __future__ import annotations

import json
from typing import Any

import pytest

from contenant.app import images
from contenant.app import show as use_case
from contenant.app.project import Target
from contenant.app.results import Ui
from contenant.cli.image_list import FIELDS
from contenant.core.records import ImageRecord
from contenant.errors import ImageBuildError
from tests.cli.conftest import Run

TREE: dict[str, Any] = {
    "project": {"path": "/srv/shop", "exists": True, "name": "contenant-shop-0a1b2c3d"},
    "engine": {"name": "podman", "reason": "recorded", "answers": True, "trouble": ""},
    "sessions": [{"id": "01j9", "argv": ["claude"]}],
    "drift": [],
    "inside": {"looked": True, "why": "", "findings": []},
}


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    answer = dict(TREE)

    def fake(wanted: Target, ui: Ui) -> dict[str, Any]:
        return answer | {"project": TREE["project"] | {"path": str(wanted.path)}}

    monkeypatch.setattr(use_case, "show", fake)
    return answer


def test_show(run: Run, shown: dict[str, Any]) -> None:
    assert json.loads(run("show", "--json").out) == TREE | {"project": TREE["project"] | {"path": "."}}
    result = run("show", "/srv/shop")
    assert (result.code, result.err) == (0, "")
    assert "project.path     /srv/shop\n" in result.out
    assert "sessions.0.argv  claude\n" in result.out


def test_show_with_a_silent_engine(run: Run, shown: dict[str, Any]) -> None:
    shown["engine"] = TREE["engine"] | {"answers": False, "trouble": "the socket is gone"}
    result = run("show")
    assert result.code == 3
    assert "project.path" in result.out
    assert result.err == "contenant: warning: podman did not answer: the socket is gone\n"


def test_show_of_what_is_not_what_was_recorded(run: Run, shown: dict[str, Any]) -> None:
    shown["inside"] = {"looked": True, "why": "", "findings": [{"aspect": "firewall", "what": "rules"}]}
    result = run("show")
    assert result.code == 6
    assert "inside.findings.0.what" in result.out
    assert "contenant verify --drift" in result.err


def test_image_build(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def fake(engine: str | None, *, no_cache: bool, ui: Ui) -> dict[str, Any]:
        asked.append((engine, no_cache))
        ui.progress("installing packages", 2, 9)
        ui.progress("installing packages", 2, 9)
        ui.progress("adding the agent", 3, 9)
        ui.finish()
        return {"reference": "contenant:2.1.3-0123456789ab", "built": True}

    monkeypatch.setattr(images, "build", fake)
    result = run("image", "build", "--engine", "docker", "--no-cache", "--json")
    assert json.loads(result.out) == {"reference": "contenant:2.1.3-0123456789ab", "built": True}
    assert result.err == "contenant: [2/9] installing packages\ncontenant: [3/9] adding the agent\n"
    assert asked == [("docker", True)]


def test_a_failed_build(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fake(*_: object, **__: object) -> None:
        raise ImageBuildError("step 4 failed", hint="the log is x")

    monkeypatch.setattr(images, "build", fake)
    assert run("image", "build") == (1, "", "contenant: error: step 4 failed\n  hint: the log is x\n")


IMAGE = ImageRecord(
    id="01j8",
    recipe="ab" * 32,
    layer="base",
    parent="",
    reference="contenant:2.1.3-0123456789ab",
    digest="sha256:" + "0" * 64,
    claude_version="2.1.3",
    base_origin="bootstrapped",
    base_digest="",
    build_args="{}",
    built="2026-10-07T10:00:00.000Z",
    seconds=81.5,
    size=812_000_000,
)._asdict() | {"containers": 2, "current": True, "engines": ["podman"]}


def test_image_list(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "list_images", lambda _ui: ([IMAGE], {}))
    header, line = run("image", "list").out.splitlines()
    assert header.split() == ["IMAGE", "LAYER", "CLAUDE", "BASE", "SIZE", "TOOK", "CONTAINERS", "ON", "AGE"]
    shown = "contenant:2.1.3-0123456789ab* base 2.1.3 bootstrapped 812 MB 1m22s 2 podman"
    assert line.split()[:-1] == shown.split()
    (row,) = json.loads(run("image", "list", "--json").out)
    assert row == {field: IMAGE[field] for field in FIELDS}
    assert tuple(row) == tuple(FIELDS)
    assert set(FIELDS) == {*ImageRecord._fields, "containers", "current", "engines"} - {"inputs", "steps"}
    assert run("image", "list", "-q").out == "contenant:2.1.3-0123456789ab\n"


def test_no_images(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "list_images", lambda _ui: ([], {}))
    assert run("image", "list") == (
        0,
        "",
        "contenant: no image was built or loaded here; contenant image build makes one where there is none\n",
    )


def test_image_list_with_a_silent_engine(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "list_images", lambda _ui: ([IMAGE], {"docker": "it is down; start it"}))
    result = run("image", "list", "-q")
    assert (result.code, result.out) == (3, "contenant:2.1.3-0123456789ab\n")
    assert "docker did not answer" in result.err
    assert "start it" in result.err
