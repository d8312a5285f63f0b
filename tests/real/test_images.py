"""Images on real engines: moved from one to another, listed, pruned; two builds give the same packages."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from contenant.core import labels, sbom
from contenant.engines.base import Engine
from contenant.image import context
from contenant.image.apt import host_sources
from contenant.image.base import BOOTSTRAPPED
from contenant.image.recipe import current
from tests.real.conftest import Contenant

pytestmark = pytest.mark.real
ENGINES = ("podman", "docker", "container-1.2.2")
PLAIN: Any = SimpleNamespace(ca_certificates=(), claude_version="", layers=())
THE_STAGE = "contenant-test-stage:system"


@pytest.fixture(scope="session")
def saved(
    built: tuple[str, dict[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The current image as podman saved it, and what its packages are there."""
    place = tmp_path_factory.mktemp("saved")
    podman = Contenant(place / "home", "podman", built[1])
    file = place / "image.tar"
    podman.ok("image", "build", cwd=place, timeout=1800)
    podman.ok("image", "save", str(file), cwd=place, timeout=300)
    bill = json.loads(podman.ok("image", "sbom", "--format", "cyclonedx", cwd=place))
    yield file, bill
    file.unlink()


def current_of(contenant: Contenant, cwd: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(contenant.ok("image", "show", "--json", cwd=cwd))
    return found


def packages(bill: dict[str, Any]) -> dict[str, str]:
    return {one["name"]: one["version"] for one in bill["components"]}


@pytest.mark.timeout(600)
def test_saved_on_podman_loaded_here_and_run_without_a_build(
    contenant: Contenant, project: Path, saved: tuple[Path, dict[str, Any]]
) -> None:
    file, bill = saved
    reference = current_of(contenant, project)["image"]["reference"]
    if contenant.engine == "docker":
        contenant.raw("rmi", reference)
    elif contenant.engine == "container":
        contenant.raw("image", "delete", reference)
    loaded = json.loads(contenant.ok("image", "load", str(file), "--json", cwd=project, timeout=300))
    assert (loaded["reference"], loaded["current"]) == (reference, True)
    contenant.ok("--", "true", cwd=project)
    kinds = [row["kind"] for row in contenant.history(project, "--kind", "image")]
    assert kinds == ["image.loaded"], "it was built all the same"
    shown = current_of(contenant, project)
    assert (shown["build"]["origin"], shown["image"]["engines"]) == ("loaded", [contenant.engine])
    assert len(shown["image"]["used_by"]) == 1
    here = json.loads(contenant.ok("image", "sbom", "--format", "cyclonedx", cwd=project))
    assert packages(here) == packages(bill)
    assert packages(here)["claude-code"] == shown["image"]["claude_version"]
    assert {"bash", "git", "nftables", "tini", "jj"} <= set(packages(here))


def tiny(path: Path, digit: str) -> str:
    """An image of contenant's in a file, with next to nothing in it; its reference."""
    reference, recipe = f"contenant:0.0.{digit}-{digit * 12}", digit * 64
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as tar:
        tar.addfile(tarfile.TarInfo(f"file-{digit}"))
    digest = hashlib.sha256(layer.getvalue()).hexdigest()
    said = {labels.MANAGED: "1", labels.RECIPE: recipe, labels.CLAUDE: f"0.0.{digit}", labels.LAYER: "base"}
    config = {
        "architecture": current(PLAIN).architecture,
        "os": "linux",
        "created": "2026-01-01T00:00:00Z",
        "config": {"Labels": said, "Cmd": ["/true"]},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
        "history": [{"created": "2026-01-01T00:00:00Z", "created_by": "a test"}],
    }
    entry = {"Config": "c.json", "RepoTags": [reference], "Layers": ["layer.tar"]}
    files = {"manifest.json": json.dumps([entry]), "c.json": json.dumps(config)}
    source = path.with_suffix(".docker")
    with tarfile.open(source, "w") as tar:
        for name, content in {**files, "layer.tar": layer.getvalue()}.items():
            data = content.encode() if isinstance(content, str) else content
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    from contenant.image.archive import convert

    convert(source, path, reference)
    return reference


def verdicts(contenant: Contenant, cwd: Path, *more: str) -> dict[str, dict[str, Any]]:
    rows = json.loads(contenant.ok("image", "prune", "--json", *more, cwd=cwd))
    return {row["name"]: row for row in rows}


def engine_images(contenant: Contenant) -> set[str]:
    """Every image in the engine's store, ours or not."""
    listing = (
        ["image", "list", "--quiet"] if contenant.engine == "container" else ["image", "ls", "--all", "-q"]
    )
    return set(contenant.raw(*listing).split())


@pytest.mark.timeout(300)
def test_prune_takes_what_nothing_needs(contenant: Contenant, project: Path, tmp_path: Path) -> None:
    old, last = (tiny(tmp_path / f"{digit}.tar", digit) for digit in ("3", "4"))
    name = "contenant-test-prune"
    delete = ("delete",) if contenant.engine == "container" else ("rm",)
    drop = ("image", "delete") if contenant.engine == "container" else ("rmi",)
    for digit in ("3", "4"):
        told = contenant("image", "load", f"{digit}.tar", cwd=tmp_path)
        assert told.returncode == 0, told.stderr
        assert "is not the image that new containers are made from" in told.stderr
    try:
        contenant.raw("create", "--name", name, old, "/true")
        try:
            rows = verdicts(contenant, project, "--dry-run")
            assert {row["action"] for row in rows.values()} == {"keep"}
            assert rows[old]["reason"] == f"{name} was made from it"
            assert rows[last]["reason"] == "the last good one before the current"
        finally:
            contenant.raw(*delete, name)
        before = engine_images(contenant)
        done = verdicts(contenant, project, "--yes")
        assert {row["name"]: row["result"] for row in done.values()} == {old: "removed", last: "kept"}
        assert len(before - engine_images(contenant)) == 1
        (gone,) = contenant.history(project, "--kind", "image.removed")
        assert gone["subject"] == old
    finally:
        for reference in (old, last):
            subprocess.run(
                [contenant.engine, *drop, reference], env=contenant.env, capture_output=True, check=False
            )


def stage_packages(engine: Engine, folder: Path) -> str:
    """Build the stage `system` anew and ask it what it has installed."""
    base = BOOTSTRAPPED if engine.image(BOOTSTRAPPED) else current(PLAIN).base
    recipe = current(PLAIN)
    argv = ["podman", "build", "--no-cache", "--pull=never", "--target", "system", "--tag", THE_STAGE]
    argv += ["--ulimit", "nofile=1024:1024", "--build-arg", f"BASE={base}"]
    argv += ["--build-arg", f"ARCH={recipe.architecture}", str(folder)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    try:
        return engine.run_once(THE_STAGE, ("sh", "-c", sbom.SCRIPT.partition(" && ")[0]))
    finally:
        engine.remove_image(THE_STAGE)


@pytest.mark.engines("podman")  # what is installed is not the engine's doing
@pytest.mark.timeout(900)
def test_two_builds_give_the_same_packages(saved: tuple[Path, dict[str, Any]], podman_engine: Engine) -> None:
    """Against the image that is there; where the archive has moved on since, against a second build."""
    recipe = current(PLAIN)
    folder = context.write(recipe, context.Extras(host_sources(), None))
    subject = sbom.Subject("x", "", "", "", "", "", "")
    fresh = stage_packages(podman_engine, folder)
    found = {one.name: one.version for one in sbom.packages(f"{fresh}\njj 0\n", subject, "trixie")}
    there = packages(saved[1])
    for name in ("claude-code", "jj"):  # other stages bring them
        del found[name], there[name]
    if found != there:
        assert stage_packages(podman_engine, folder) == fresh
    context.remove(folder)
