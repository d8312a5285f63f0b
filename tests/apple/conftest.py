"""A stand-in per test, in each release, with a tiny image in it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.apple.tinyimage import oci_archive
from tests.standins.apple.fixture import VERSIONS, Standin, apple_standin

# The mutation tests point this at a changed copy of the stand-in.
PACKAGE = os.environ.get("APPLE_STANDIN_PACKAGE", "")


def under_test(standin: Standin) -> Standin:
    """The stand-in, from the copy that the mutation tests made where there is one."""
    return standin._replace(launcher=Path(PACKAGE) / "bin" / "container") if PACKAGE else standin


@pytest.fixture(params=VERSIONS)
def version(request: pytest.FixtureRequest) -> str:
    """Each release."""
    return str(request.param)


@pytest.fixture
def standin(version: str) -> Iterator[Standin]:
    """A fresh stand-in of the release."""
    with apple_standin(version) as made:
        yield under_test(made)


@pytest.fixture
def newest() -> Iterator[Standin]:
    """A fresh stand-in of the release that the facts are firmest about."""
    with apple_standin("1.2.2") as made:
        yield under_test(made)


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny image `tiny:1` as an OCI archive."""
    if shutil.which("podman") is None or os.geteuid() != 0:
        pytest.skip("needs podman, as root")
    return oci_archive(tmp_path_factory.mktemp("tiny") / "tiny.tar", "tiny:1")


@pytest.fixture
def loaded(standin: Standin, archive: Path) -> Standin:
    """A stand-in of each release with `tiny:1`."""
    standin.ok("image", "load", "-i", str(archive))
    return standin


@pytest.fixture
def tiny(newest: Standin, archive: Path) -> Standin:
    """The newest stand-in with `tiny:1`."""
    newest.ok("image", "load", "-i", str(archive))
    return newest
