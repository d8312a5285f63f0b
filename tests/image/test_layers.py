"""Layers as recipes and builds, on an engine that builds nothing."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import pytest

from contenant.app.current import current_image
from contenant.core import labels
from contenant.core.changes import Change
from contenant.core.layer import Layer, LayerFile
from contenant.errors import ConfigError, ImageBuildError
from contenant.image import build, claude
from contenant.image.apt import NONE, Sources
from contenant.image.build import ensure
from contenant.image.context import Extras, write
from contenant.image.layers import DOCKERFILE, recipes
from contenant.image.recipe import Recipe, current
from tests.image.test_build import Builder, Ui

USER = Layer("user", packages=("jq", "tree"))
PROJECT = Layer(
    "project",
    containerfile="/p/.contenant/Containerfile",
    text="FROM golang:1 AS go\nFROM contenant/base\nENV A=1\nCOPY bin /opt\nRUN true\n",
    setup="/p/setup",
    script=b"#!/bin/sh\n",
    files={"bin/x": LayerFile(b"x", executable=True)},
)


@pytest.fixture
def base(monkeypatch: pytest.MonkeyPatch, fresh_environment: Any) -> Recipe:
    fresh_environment()
    monkeypatch.setattr(build, "host_sources", lambda: NONE)
    monkeypatch.setattr(claude, "obtain", lambda *_: None)
    return current(settings())


def settings(*layers: Layer) -> Any:
    return SimpleNamespace(ca_certificates=(), claude_version="", layers=layers)


def run(engine: Builder, *layers: Layer, no_cache: bool = False) -> tuple[build.Built, list[Change]]:
    journal: list[Change] = []
    return ensure(engine, settings(*layers), Ui(), journal.append, no_cache=no_cache), journal


def test_a_users_steps_stand_in_a_stage_that_is_thrown_away(base: Recipe) -> None:
    user, project = recipes(base, [USER, PROJECT])
    text = project.files[DOCKERFILE].content.decode()
    stages = re.split(r"^FROM ", text, flags=re.MULTILINE)[1:]
    assert [stage.splitlines()[0] for stage in stages] == [
        "golang:1 AS go",
        f"{user.tag} AS contenant-work",
        f"{user.tag} AS contenant-sift",
        user.tag,
    ]
    assert "COPY bin /opt\nRUN true\nUSER 0:0\n" in stages[1]
    assert stages[1].splitlines()[-1] == 'RUN ["/tmp/contenant/stages/layer", "end", "A"]'
    assert stages[3].splitlines()[1:] == [
        "COPY --from=contenant-sift /layer/ /", 'RUN ["/tmp/contenant/difference", "finish"]'
    ]  # fmt: skip
    assert (
        'RUN ["/tmp/contenant/stages/layer", "begin", "jq", "tree"]'
        in user.files[DOCKERFILE].content.decode()
    )


def test_the_users_variables_are_there_in_the_projects_steps(base: Recipe) -> None:
    mine = Layer("user", containerfile="/c", text='FROM contenant/base\nENV B="1 2"\n')
    _, project = recipes(base, [mine, PROJECT])
    text = project.files[DOCKERFILE].content.decode()
    assert 'AS contenant-work\nENV B="1 2"\nCOPY' in text
    assert '"end", "B", "A"]' in text


def test_the_reference_is_the_one_that_is_built(base: Recipe) -> None:
    assert current_image(settings(USER, PROJECT)) == recipes(base, [USER, PROJECT])[-1].tag
    assert current_image(settings()) == base.tag


def test_only_what_is_named_and_the_builds_own_is_in_the_context(base: Recipe) -> None:
    (recipe,) = recipes(base, [PROJECT])
    sources = Sources("http://mirror.test/debian", "", (("Acquire::http::Proxy", "http://proxy.test"),), "")
    folder = write(recipe, Extras(sources, None))
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    assert set(found) == {
        "bin/x", "contenant.build/Dockerfile", "contenant.layer/setup", "contenant.layer/apt/mirrors.sources",
        "contenant.layer/apt/apt.conf", "contenant.layer/apt/ca.pem", "contenant.layer/stages/apt.sh",
        "contenant.layer/stages/layer", "contenant.layer/stages/difference",
    }  # fmt: skip
    assert found["bin/x"].stat().st_mode & 0o777 == 0o755
    assert "mirror.test" in found["contenant.layer/apt/mirrors.sources"].read_text()
    assert "mirror.test" not in found["contenant.build/Dockerfile"].read_text()


def test_each_is_built_once_the_lowest_first(base: Recipe) -> None:
    engine = Builder()
    engine.add_image("golang:1")
    built, journal = run(engine, USER, PROJECT)
    user, project = recipes(base, [USER, PROJECT])
    assert [spec.tag for spec in engine.built] == [base.tag, user.tag, project.tag]
    assert (built.reference, built.layer) == (project.tag, "project")
    assert [spec.labels[labels.LAYER] for spec in engine.built] == ["base", "user", "project"]
    assert engine.built[1].build_args == {}
    records = [change.data for change in journal if change.kind == "image.built"]
    assert [(record["layer"], record["parent"]) for record in records][1:] == [
        ("user", base.tag), ("project", user.tag)
    ]  # fmt: skip
    begun = [change.data for change in journal if change.kind == "image.building"]
    assert [(data["layer"], data["parent"]) for data in begun][2] == ("project", user.tag)
    engine.calls.clear()
    again, journal = run(engine, USER, PROJECT)
    assert (again.built, journal, engine.calls) == (False, [], [("image", project.tag)])


def test_each_layer_tells_what_the_base_was_made_from(base: Recipe) -> None:
    engine, moment = Builder(), "2026-11-14T20:15:05.000Z"
    engine.add_image(base.tag, {labels.SNAPSHOT: moment, labels.BASE_ORIGIN: "bootstrapped"})
    _, journal = run(engine, USER)
    (record,) = (change.data for change in journal if change.kind == "image.built")
    assert (record["base_origin"], record["snapshot"]) == ("bootstrapped", moment)
    (spec,) = engine.built
    assert spec.labels[labels.SNAPSHOT] == moment
    assert labels.decode(spec.labels["org.opencontainers.image.base.name"]) == base.tag
    assert DOCKERFILE in labels.decode(spec.labels[labels.INPUTS])


def test_a_change_builds_only_what_lies_above(base: Recipe) -> None:
    engine = Builder()
    engine.add_image("golang:1")
    run(engine, USER, PROJECT)
    engine.built.clear()
    run(engine, USER, PROJECT._replace(text=PROJECT.text + "RUN false\n"))
    assert [spec.labels[labels.LAYER] for spec in engine.built] == ["project"]
    engine.built.clear()
    run(engine, Layer("user", packages=("jq",)), PROJECT)
    assert [spec.labels[labels.LAYER] for spec in engine.built] == ["user", "project"]


def test_a_failing_layer_names_its_step_and_leaves_what_was_built(base: Recipe) -> None:
    engine = Builder()
    run(engine, USER)
    engine.failure = ImageBuildError("podman cannot build it: exit 7")
    with pytest.raises(ImageBuildError, match=r"exit 7 \(the project's layer, at: FROM base\)") as caught:
        run(engine, USER, PROJECT._replace(text="FROM contenant/base\nRUN exit 7\n"))
    assert "build-" in caught.value.hint
    assert engine.image(recipes(base, [USER])[0].tag) is not None


def test_an_image_that_a_stage_needs_has_to_be_there(base: Recipe) -> None:
    engine = Builder()
    with pytest.raises(ImageBuildError, match="golang:1, which a stage needs"):
        run(engine, PROJECT)
    assert ("pull", "golang:1") in engine.calls


def test_trouble_is_said_before_anything_is_asked(base: Recipe) -> None:
    engine = Builder()
    for wrong in (
        USER._replace(trouble="f:1: why"),
        PROJECT._replace(text="FROM contenant/base\nRUN " + "x" * 16000),
    ):
        with pytest.raises(ConfigError):
            run(engine, wrong)
    assert engine.calls == []


def test_no_cache_builds_every_layer_anew(base: Recipe) -> None:
    engine = Builder()
    run(engine, USER)
    run(engine, USER, no_cache=True)
    assert [spec.no_cache for spec in engine.built] == [False, False, True, True]
