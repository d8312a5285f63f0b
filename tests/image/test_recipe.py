"""The hash of the inputs: every input changes it, and nothing else does."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contenant.errors import ConfigError
from contenant.image.certificates import Certificate
from contenant.image.recipe import BASE, File, Recipe, architecture, compose, current, read_files
from contenant.paths import asset

LOCK = (asset("image") / "claude.lock").read_bytes()
FILES = {"Dockerfile": File(b"FROM x\n", False), "claude.lock": File(LOCK, False), "a/b": File(b"#!", True)}
CERTIFICATE = Certificate("ab" * 32, b"der")

names = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=20)
files = st.dictionaries(names, st.builds(File, st.binary(max_size=20), st.booleans()), max_size=5)


def recipe(**changes: object) -> Recipe:
    inputs: dict[str, object] = {"files": FILES, "certificates": (), "base": BASE, "architecture": "amd64"}
    return compose(**(inputs | changes))  # type: ignore[arg-type]  # keyword by keyword, as compose has them


@pytest.mark.parametrize(
    "changes",
    [
        {"files": {**FILES, "new": File(b"", False)}},
        {"files": {**FILES, "a/b": File(b"#!x", True)}},
        {"files": {**FILES, "a/b": File(b"#!", False)}},
        {"files": {"a/c" if path == "a/b" else path: file for path, file in FILES.items()}},
        {"files": {**FILES, "claude.lock": File(LOCK + b"# more\n", False)}},
        {"certificates": (CERTIFICATE,)},
        {"base": "debian:forky"},
        {"architecture": "arm64"},
    ],
)
def test_every_input_changes_the_tag(changes: dict[str, object]) -> None:
    assert recipe(**changes).tag != recipe().tag
    assert recipe(**changes).hash != recipe().hash


def test_order_does_not_count() -> None:
    other = Certificate("cd" * 32, b"other")
    assert recipe(files=dict(reversed(FILES.items()))).hash == recipe().hash
    assert recipe(certificates=(other, CERTIFICATE)).hash == recipe(certificates=(CERTIFICATE, other)).hash


@given(first=files, second=files)
def test_two_sets_of_files_agree_only_when_equal(first: dict[str, File], second: dict[str, File]) -> None:
    one, two = recipe(files={**first, **FILES}), recipe(files={**second, **FILES})
    assert (one.hash == two.hash) == ({**first, **FILES} == {**second, **FILES})


def test_the_tag_names_the_version_and_twelve_digits() -> None:
    made = recipe()
    assert made.tag == f"contenant:{made.lock.version}-{made.hash[:12]}"
    assert len(made.hash) == 64
    assert made.layer == "base"


def test_the_tag_does_not_depend_on_the_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fresh_environment: Callable[[], None]
) -> None:
    fresh_environment()
    settings = SimpleNamespace(ca_certificates=(), claude_version="")
    here = current(settings).tag
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("http_proxy", "http://192.0.2.1:3128")
    monkeypatch.setenv("npm_config_registry", "https://npm.example")
    assert current(settings).tag == here


def test_a_certificate_from_the_environment_changes_the_tag(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fresh_environment: Callable[[], None]
) -> None:
    fresh_environment()
    settings = SimpleNamespace(ca_certificates=(), claude_version="")
    without = current(settings)
    bundle = tmp_path / "ca.pem"
    bundle.write_bytes(CERTIFICATE.pem())
    monkeypatch.setenv("NODE_EXTRA_CA_CERTS", str(bundle))
    found = current(settings)
    assert found.tag != without.tag
    assert [one.der for one in found.certificates] == [CERTIFICATE.der]


def test_caches_and_dot_files_are_not_read(tmp_path: Path) -> None:
    for name in (
        "Dockerfile",
        ".DS_Store",
        "x.pyc",
        "backup~",
        "ruff.toml",
        ".ruff_cache/x",
        "p/__pycache__/y",
        "p/run",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"#!/bin/sh\n" if name == "p/run" else b"text")
    found = read_files(tmp_path)
    assert found == {"Dockerfile": File(b"text", False), "p/run": File(b"#!/bin/sh\n", True)}


def test_the_mode_of_a_file_on_disk_does_not_count(tmp_path: Path) -> None:
    (tmp_path / "run").write_bytes(b"#!/bin/sh\n")
    before = read_files(tmp_path)
    (tmp_path / "run").chmod(0o700)
    assert read_files(tmp_path) == before


def test_machines_without_claude_code_are_refused() -> None:
    assert architecture("aarch64") == architecture("arm64") == "arm64"
    assert architecture(os.uname().machine) in ("amd64", "arm64")
    with pytest.raises(ConfigError, match="riscv64"):
        architecture("riscv64")
