"""The build context and the Dockerfile in it."""

from __future__ import annotations

import re
import stat
from pathlib import Path

import pytest

from contenant.errors import StateError
from contenant.image import context
from contenant.image.apt import NONE, Sources
from contenant.image.certificates import Certificate
from contenant.image.recipe import BASE, Recipe, compose, read_files
from contenant.paths import asset, cache_dir

CERTIFICATE = Certificate("ab" * 32, b"der")
DOCKERFILE = (asset("image") / "Dockerfile").read_text()


@pytest.fixture
def recipe() -> Recipe:
    return compose(read_files(asset("image")), [CERTIFICATE], base=BASE, architecture="amd64")


def test_the_dockerfile_is_small_enough_for_apples_builder() -> None:
    assert len(DOCKERFILE.encode()) < context.LIMIT == 16384


@pytest.mark.parametrize("word", ["--mount", "--chmod", "--link", "<<", "# syntax", "--security", "HEREDOC"])
def test_the_dockerfile_needs_no_buildkit(word: str) -> None:
    assert word not in DOCKERFILE


def test_everything_that_is_copied_is_in_the_context(recipe: Recipe) -> None:
    folder = context.write(recipe, context.Extras(NONE, None))
    sources = [
        source
        for line in DOCKERFILE.splitlines()
        if line.startswith("COPY ") and "--from=" not in line
        for source in line.removeprefix("COPY ").replace("--chown=1000:1000 ", "").split()[:-1]
    ]
    assert len(sources) > 10
    for source in sources:
        assert (folder / source).exists(), source
        assert not source.endswith("/") or any((folder / source).iterdir()), source


def test_everything_in_the_context_is_copied(recipe: Recipe) -> None:
    folder = context.write(recipe, context.Extras(NONE, None))
    copied = re.findall(r"[\w./-]+", " ".join(line for line in DOCKERFILE.splitlines() if "COPY" in line))
    for path in folder.rglob("*"):
        relative = path.relative_to(folder).as_posix()
        if path.is_file() and relative != "Dockerfile":
            assert relative in copied or f"{relative.partition('/')[0]}/" in copied, relative


def test_modes_are_the_same_whatever_the_umask(recipe: Recipe) -> None:
    folder = context.write(recipe, context.Extras(NONE, None))
    for path in folder.rglob("*"):
        mode = stat.S_IMODE(path.stat().st_mode)
        if path.is_dir():
            assert mode & 0o700 == 0o700
        else:
            assert mode == (0o755 if path.read_bytes().startswith(b"#!") else 0o644), path


def test_the_context_is_small_real_and_below_the_cache(recipe: Recipe, tmp_path: Path) -> None:
    package = tmp_path / "package.tgz"
    package.write_bytes(b"package")
    folder = context.write(recipe, context.Extras(NONE, package))
    assert folder.resolve() == folder
    assert folder.is_relative_to(cache_dir().resolve())
    placed = folder / "claude" / recipe.lock.file_name("amd64")
    assert placed.read_bytes() == b"package"
    assert sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) < 1_000_000


def test_a_context_is_written_anew(recipe: Recipe) -> None:
    folder = context.write(recipe, context.Extras(NONE, None))
    (folder / "stray").write_text("x")
    assert context.write(recipe, context.Extras(NONE, None)) == folder
    assert not (folder / "stray").exists()
    context.remove(folder)
    assert not folder.exists()


def test_certificates_and_the_hosts_mirrors_are_in_it(recipe: Recipe, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle.pem"
    bundle.write_text("bundle")
    proxies = (("Acquire::http::Proxy", "http://192.0.2.1:3128"),)
    made = context.contents(recipe, Sources("https://m.example/debian", "", proxies, str(bundle)))
    assert made[f"ca/{CERTIFICATE.fingerprint[:16]}.crt"] == CERTIFICATE.pem()
    assert b"URIs: https://m.example/debian\nSuites: trixie\n" in made["apt/mirrors.sources"]
    assert made["apt/apt.conf"] == b'Acquire::http::Proxy "http://192.0.2.1:3128";\n'
    assert made["apt/ca.pem"] == b"bundle"
    plain = context.contents(recipe, NONE)
    assert plain["apt/mirrors.sources"] == plain["apt/apt.conf"] == plain["apt/ca.pem"] == b""


def test_a_cache_that_cannot_be_written_is_said(recipe: Recipe) -> None:
    place = cache_dir() / "context" / recipe.hash[:12]
    place.parent.mkdir(parents=True)
    place.write_text("in the way")
    with pytest.raises(StateError, match="cannot write the build context"):
        context.write(recipe, context.Extras(NONE, None))


def test_no_host_of_a_package_registry_is_named() -> None:
    text = "".join(file.content.decode() for file in read_files(asset("image")).values())
    assert not re.search(r"https?://(?!api\.anthropic\.com)[a-z]", text)
