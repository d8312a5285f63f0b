"""What of a dev container's file is taken, what is left out, what is refused."""

from __future__ import annotations

import pytest

from contenant.core.devcontainer import check_image, on_base, read
from contenant.core.settings_values import Place
from contenant.core.values import Mount
from contenant.errors import ConfigError

PLACE = Place("/home/me", "/home/me/shop")
TEXT = """\
// a dev container
{
  "name": "Shop", /* for people */
  "build": {"dockerfile": "Dockerfile", "context": "..", "args": {"VARIANT": "trixie"}, "target": "x"},
  "features": {"ghcr.io/devcontainers/features/node:1": {}},
  "runArgs": ["--privileged"],
  "containerEnv": {"URL": "http://x//y", "TOKEN": "${localEnv:TOKEN}", "AT": "${containerWorkspaceFolder}/a",
    "ODD": "${localEnv:OTHER}",},
  "mounts": [
    "source=${localWorkspaceFolder}/data,target=/data,type=bind,readonly",
    {"source": "cache", "target": "/cache", "type": "volume"},
  ],
  "postCreateCommand": ["make", "setup"],
}
"""


def test_what_is_taken() -> None:
    found = read(TEXT, "/f", PLACE)
    assert (found.dockerfile, found.context, found.arguments) == ("Dockerfile", "..", {"VARIANT": "trixie"})
    assert found.env == {"URL": "http://x//y", "TOKEN": None, "AT": "/project/a"}
    assert found.mounts == (Mount("/home/me/shop/data", "/data", read_only=True),)
    assert found.post_create == ("make", "setup")
    assert [note.split(" is left out")[0] for note in found.notes] == [
        "features", "runArgs", "build.target", "containerEnv.ODD", "a mount at /cache"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ('{"postCreateCommand": "make && x"}', ("sh", "-c", "make && x")),
        ('{"postCreateCommand": {"a": "x", "b": "y"}}', ("sh", "-c", "(x) && (y)")),
        ('{"dockerFile": "D"}', ()),
    ],
)
def test_forms_of_the_command(text: str, command: tuple[str, ...]) -> None:
    assert read(text, "/f", PLACE).post_create == command


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "/f: not JSON with comments"),
        ("[]", "/f: not an object"),
        ('{"image": 3}', "/f:image: "),
        ('{"build": "x"}', "/f:build: "),
        ('{"build": {"args": {"X": "${localEnv:X}"}}}', "/f:build.args: "),
        ('{"containerEnv": {"CONTENANT_UID": "0"}}', "/f:containerEnv: .*contenant's own"),
        ('{"containerEnv": {"A": 1}}', "/f:containerEnv: "),
        ('{"mounts": "source=/x,target=/x"}', "/f:mounts: not a list"),
        ('{"mounts": ["source=/x,target=/etc"]}', "/f:mounts: nothing can be mounted at /etc"),
        ('{"postCreateCommand": 3}', "/f:postCreateCommand: "),
    ],
)
def test_what_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        read(text, "/f", PLACE)


@pytest.mark.parametrize(
    "image",
    ["debian", "debian:trixie-slim", "docker.io/library/debian:12", "contenant/base",
     "mcr.microsoft.com/devcontainers/base:bookworm", "mcr.microsoft.com/devcontainers/base:1.0-debian-12",
     "mcr.microsoft.com/vscode/devcontainers/base:0-bullseye",
     "mcr.microsoft.com/devcontainers/base:${VARIANT}"],
)  # fmt: skip
def test_a_debian_is_replaced(image: str) -> None:
    text = f"ARG VARIANT=ubuntu\nFROM node:20 AS web\nFROM {image} AS last\nRUN x\n"
    assert on_base(text, "/d", {"VARIANT": "trixie"}).splitlines() == [
        "ARG VARIANT=ubuntu", "FROM node:20 AS web", "FROM contenant/base AS last", "RUN x"
    ]  # fmt: skip


@pytest.mark.parametrize(
    "image",
    ["ubuntu:24.04", "node:20", "alpine", "scratch", "evil.test/debian:trixie", "debian-evil",
     "mcr.microsoft.com/devcontainers/base:ubuntu", "mcr.microsoft.com/devcontainers/python:3-bookworm",
     "$X"],
)  # fmt: skip
def test_another_image_is_not(image: str) -> None:
    with pytest.raises(ConfigError, match=r"^/d:2: .* is not taken"):
        on_base(f"# x\nFROM {image}\n", "/d", {})
    with pytest.raises(ConfigError, match="is not taken"):
        check_image(image, "/d")


def test_a_dockerfile_without_a_beginning_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"^/d:1: it has no FROM"):
        on_base("RUN true\n", "/d", {})
