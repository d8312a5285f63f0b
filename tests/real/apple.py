"""Apple's `container` for tests: the stand-in as one release, on the layers that podman has already."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from contenant.image.base import BOOTSTRAPPED
from contenant.image.recipe import BASE
from tests.standins.apple.fixture import VERSIONS, Standin, adopt, apple_standin, make
from tests.standins.apple.settings import PREFIX

__all__ = ["VERSIONS", "apple_engine", "share_base", "standin_of"]


@contextmanager
def apple_engine(version: str) -> Iterator[dict[str, str]]:
    """The variables by which `container` on PATH is a fresh stand-in of the release."""
    with apple_standin(version, allow_tmp=True) as standin:
        yield standin.env


def standin_of(env: Mapping[str, str]) -> Standin:
    """The stand-in that an environment selects."""
    return make(Path(env[PREFIX + "HOME"]), env[PREFIX + "VERSION"], allow_tmp=True)


def share_base(env: Mapping[str, str]) -> None:
    """Give the stand-in podman's base image, so that its build finds every layer in podman's cache.

    contenant must have built its image on podman before.
    """
    for reference in (BASE, BOOTSTRAPPED):
        there = subprocess.run(["podman", "image", "exists", reference], check=False).returncode == 0
        if there:
            adopt(standin_of(env), reference, reference)
            return
    raise AssertionError("contenant built its image on podman, and left no base image there")
