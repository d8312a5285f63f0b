"""Layers as they are read from the disk: which bytes count, which wait for trust."""

from __future__ import annotations

from pathlib import Path

import pytest

from contenant import config, layer_files
from contenant.core.settings import Settings

FILE = "FROM contenant/base\nCOPY bin /opt/bin\n"


@pytest.fixture
def project(home: Path) -> Path:
    path = home / "shop"
    (path / ".contenant" / "bin").mkdir(parents=True)
    (path / ".contenant" / "bin" / "x").write_text("x")
    (path / ".contenant" / "Containerfile").write_text(FILE)
    return path


def load(project: Path, trusted: str = "") -> Settings:
    return config.load(project, {}, {}, trusted_hash=trusted)


def trusted(project: Path) -> Settings:
    return load(project, load(project).project_hash)


def test_a_projects_file_at_its_usual_place_waits_for_trust(project: Path) -> None:
    settings = load(project)
    assert settings.layers == ()
    assert [item.key for item in settings.pending] == ["image.containerfile"]
    assert settings.project_file == str(project / ".contenant.toml"), "though there is none"
    asks = config.pending_message(settings)
    assert asks.startswith(
        f"{project}/.contenant/Containerfile asks for more than you allow: image.containerfile"
    )
    (layer,) = trusted(project).layers
    assert (layer.kind, layer.text) == ("project", FILE)
    assert {path: file.content for path, file in layer.files.items()} == {"bin/x": b"x"}


@pytest.mark.parametrize("path", ["Containerfile", "bin/x", "bin/new"])
def test_trust_ends_with_a_byte_of_the_layer(project: Path, path: str) -> None:
    before = load(project).project_hash
    assert load(project, before).layers
    with (project / ".contenant" / path).open("a") as file:
        file.write("\n")
    assert load(project, before).layers == ()
    assert load(project, before).pending


def test_other_files_do_not_count(project: Path) -> None:
    before = load(project).project_hash
    (project / ".contenant" / "other").write_text("x")
    assert load(project).project_hash == before


def test_settings_and_layer_are_trusted_together(project: Path) -> None:
    before = load(project).project_hash
    config.project_path(project).write_text('[image]\npackages = ["tree"]\nsetup = "setup"\n')
    assert load(project, before).layers == ()
    (project / "setup").write_text("one")
    now = load(project).project_hash
    assert load(project, now).layers[0].packages == ("tree",)
    assert load(project, now).layers[0].script == b"one"
    (project / "setup").write_text("two")
    assert load(project, now).layers == ()


def test_what_waits_for_trust_is_told_with_each_file_that_asks(project: Path) -> None:
    config.project_path(project).write_text('memory = "900g"\nssh = true\n')
    asks = config.pending_message(load(project))
    assert asks.startswith(f"{project}/.contenant.toml and {project}/.contenant/Containerfile ask for more")
    assert config.pending_message(trusted(project)) == ""


def test_the_users_layer_lies_below(home: Path, project: Path) -> None:
    config.user_path().write_text('[image]\npackages = ["jq", "tree"]\n')
    (config.user_path().parent / "Containerfile").write_text("FROM contenant/base\n")
    config.project_path(project).write_text('[image]\npackages = ["tree", "moreutils"]\n')
    assert [layer.kind for layer in load(project).layers] == ["user"]
    user, theirs = trusted(project).layers
    assert (user.packages, user.text) == (("jq", "tree"), "FROM contenant/base\n")
    assert (theirs.packages, theirs.text) == (("moreutils",), FILE), "what is there already is not added"
    assert len(config.load(None, {}, {}).layers) == 1


def test_without_any_there_is_none(home: Path) -> None:
    assert config.load(None, {}, {}).layers == ()
    assert config.load(home, {}, {}).layers == ()


@pytest.mark.parametrize(
    ("text", "trouble"),
    [
        ("FROM debian\n", r"Containerfile:1: the last stage"),
        ("FROM contenant/base\nCOPY nowhere /x\n", "nowhere: there is no such file"),
        ("FROM contenant/base\nCOPY out /x\n", "leads out of the project"),
        ("FROM contenant/base\nCOPY loop /x\n", "loop"),
        ("FROM contenant/base\nCOPY pipe /x\n", "pipe: "),
        ("x" * 20000, "Containerfile: "),
    ],
)
def test_what_cannot_be_read_is_trouble_and_no_crash(project: Path, text: str, trouble: str) -> None:
    import os
    import re

    place = project / ".contenant"
    (place / "out").symlink_to("/etc")
    (place / "loop").symlink_to("loop")
    os.mkfifo(place / "pipe")
    (place / "Containerfile").write_text(text)
    (layer,) = trusted(project).layers
    assert re.search(trouble, layer.trouble)
    assert layer.hint


def test_a_layer_has_a_limit(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layer_files, "MAX_FILES", 2)
    (project / ".contenant" / "bin" / "y").write_text("y")
    assert "at most 2 files" in trusted(project).layers[0].trouble


def test_a_dev_container_is_taken_where_it_is_asked_for(home: Path, tmp_path: Path) -> None:
    project = home / "dev"
    (project / ".devcontainer").mkdir(parents=True)
    (project / "tool").write_text("t")
    (project / ".devcontainer" / "Dockerfile").write_text("FROM debian:trixie\nCOPY tool /opt/\n")
    file = project / ".devcontainer" / "devcontainer.json"
    file.write_text('{"build": {"dockerfile": "Dockerfile", "context": ".."}, "containerEnv": {"A": "1"},'
                    ' "features": {}, "postCreateCommand": "make"}')  # fmt: skip
    assert load(project).pending == ()
    config.user_path().write_text("devcontainer = true\n")
    held = load(project)
    assert {item.key for item in held.pending} == {"devcontainer", "env", "image.containerfile"}
    assert (held.env, held.layers, held.post_create) == ({}, (), ())
    settings = trusted(project)
    (layer,) = settings.layers
    assert layer.text == "FROM contenant/base\nCOPY tool /opt/\n"
    assert list(layer.files) == ["tool"]
    assert (settings.env, settings.post_create) == ({"A": "1"}, ("sh", "-c", "make"))
    assert any("features is left out" in note for note in settings.notes)
    file.write_text(file.read_text() + "\n")
    assert load(project, settings.project_hash).env == {}


def test_an_image_that_cannot_be_replaced_is_refused_once_it_is_trusted(home: Path) -> None:
    project = home / "dev"
    (project / ".devcontainer").mkdir(parents=True)
    (project / ".devcontainer" / "devcontainer.json").write_text('{"image": "node:20"}')
    config.project_path(project).write_text("devcontainer = true\n")
    held = load(project)
    with pytest.raises(config.ConfigError, match=r"devcontainer\.json:image: node:20 is not taken"):
        load(project, held.project_hash)
