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

__all__ = ["VERSIONS", "apple_engine", "share", "standin_of"]

BUILDING = "1.2.2"


@contextmanager
def apple_engine(version: str) -> Iterator[dict[str, str]]:
    """The variables by which `container` on PATH is a fresh stand-in of the release."""
    with apple_standin(version, allow_tmp=True) as standin:
        yield standin.env


def standin_of(env: Mapping[str, str]) -> Standin:
    """The stand-in that an environment selects."""
    return make(Path(env[PREFIX + "HOME"]), env[PREFIX + "VERSION"], allow_tmp=True)


def share(env: Mapping[str, str], image: str) -> None:
    """Spare a stand-in the longest part of a build, since contenant has built `image` on podman already.

    One release still builds, on the base image that podman has; the others are given the image itself.
    """
    standin = standin_of(env)
    if env[PREFIX + "VERSION"] != BUILDING:
        adopt(standin, image, image)
        return
    argv = ["podman", "image", "exists"]
    there = [one for one in (BASE, BOOTSTRAPPED) if subprocess.run([*argv, one], check=False).returncode == 0]
    adopt(standin, there[0], there[0])
