"""A layer's hash: everything that decides what it adds, and nothing else."""

from __future__ import annotations

import pytest

from contenant.core.layer import Layer, LayerFile, check, layer_tag, top_tag
from contenant.errors import ConfigError

BASE = "contenant:2.1.330-0123456789ab"
FULL = Layer(
    "user",
    packages=("jq",),
    containerfile="/c/Containerfile",
    text="FROM contenant/base\nCOPY a /a\n",
    setup="/c/setup",
    script=b"#!/bin/sh\n",
    files={"a": LayerFile(b"a", executable=False)},
    arguments={"X": "1"},
)


@pytest.mark.parametrize(
    "other",
    [
        FULL._replace(packages=("jq", "tree")),
        FULL._replace(text="FROM contenant/base\n"),
        FULL._replace(script=b"#!/bin/bash\n"),
        FULL._replace(setup="", script=b""),
        FULL._replace(files={"a": LayerFile(b"b", executable=False)}),
        FULL._replace(files={"a": LayerFile(b"a", executable=True)}),
        FULL._replace(files={"b": LayerFile(b"a", executable=False)}),
        FULL._replace(arguments={"X": "2"}),
        FULL._replace(kind="project"),
    ],
)
def test_every_input_counts(other: Layer) -> None:
    assert layer_tag(BASE, other) != layer_tag(BASE, FULL)


def test_where_the_files_are_does_not_count() -> None:
    assert layer_tag(BASE, FULL._replace(containerfile="/d/Containerfile", setup="/d/s")) == layer_tag(
        BASE, FULL
    )


def test_tags_name_the_version_and_the_layer() -> None:
    user = layer_tag(BASE, FULL)
    assert user.startswith("contenant:2.1.330-user-")
    project = layer_tag(user, Layer("project", ("tree",)))
    assert project.startswith("contenant:2.1.330-project-")
    assert top_tag(BASE, [FULL, Layer("project", ("tree",))]) == project
    assert top_tag(BASE, []) == BASE


def test_a_change_below_changes_what_lies_above() -> None:
    above = Layer("project", ("tree",))
    assert top_tag(BASE, [FULL, above]) != top_tag(BASE, [FULL._replace(packages=()), above])
    assert top_tag(BASE, [above]) != top_tag("contenant:2.1.331-0123456789ab", [above])


def test_one_that_cannot_be_built_is_said() -> None:
    with pytest.raises(ConfigError, match="f:1: why"):
        check([FULL, FULL._replace(trouble="f:1: why")])
