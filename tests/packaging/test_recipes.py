"""What packagers get: the Homebrew formula, the Debian sources, the release workflow."""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
PACKAGING = ROOT / "packaging"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
WORKFLOW = PACKAGING / "release.yml"
# A stand-in for Homebrew: the words of a formula that ours uses, and what it said with them, a line each.
HOMEBREW = """
module Language; module Python; module Virtualenv; end; end; end
class Formula
  def self.resource(name); @inside = name; yield; @inside = nil; end
  %w[url sha256 desc homepage license depends_on].each do |word|
    define_singleton_method(word) { |value, *| puts [@inside || "contenant", word, value].join(" ") }
  end
  def self.test; end
end
load ARGV[0]
raise "no install" unless Contenant.method_defined?(:install)
"""


def script(name: str) -> ModuleType:
    """A script of packaging/ as a module."""
    path = PACKAGING / name
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def minimums() -> dict[str, str]:
    """Dependency -> lowest version, by pyproject.toml."""
    return dict(one.split(">=") for one in PROJECT["dependencies"])


def number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def needed() -> set[str]:
    """Names of everything that an installed contenant needs, by what is installed here."""
    found: set[str] = set()
    queue = list(minimums())
    while queue:
        name = re.split(r"[^A-Za-z0-9._-]", queue.pop())[0].lower().replace("_", "-")
        if name in found:
            continue
        found.add(name)
        for text in importlib.metadata.requires(name) or ():
            requirement, _, marker = text.partition(";")
            if "extra" not in marker and "platform" not in marker and "python_version" not in marker:
                queue.append(requirement.strip())
    return found


def test_the_formula_brings_all_that_is_needed() -> None:
    formula = script("homebrew/formula.py")
    locked = {one.name: one for one in formula.read(formula.LOCK.read_text())}
    assert needed() <= set(locked)
    for name, version in minimums().items():
        assert number(locked[name].version) >= number(version), name
    for one in locked.values():
        assert one.file.endswith(f"-{one.version}.tar.gz")
        assert re.fullmatch("[0-9a-f]{64}", one.sha256)


def test_the_lock_is_read_as_it_is_written() -> None:
    formula = script("homebrew/formula.py")
    text = formula.LOCK.read_text()
    assert formula.write(formula.read(text)) == text


def test_a_lock_file_of_uv_is_read() -> None:
    formula = script("homebrew/formula.py")
    text = """
        [[packages]]
        name = "click"
        version = "8.5.1"
        sdist = { url = "https://x.example/a/click-8.5.1.tar.gz", hashes = { sha256 = "9b" } }
    """
    assert formula.from_pylock(text) == (formula.Resource("click", "8.5.1", "click-8.5.1.tar.gz", "9b"),)


def test_homebrew_would_read_the_formula(tmp_path: Path) -> None:
    sdist, stand_in = tmp_path / "contenant-9.8.7.tar.gz", tmp_path / "homebrew.rb"
    sdist.write_bytes(b"a distribution")
    stand_in.write_text(HOMEBREW)
    made = subprocess.run(
        [sys.executable, PACKAGING / "homebrew/formula.py", sdist], capture_output=True, text=True, check=True
    )
    (tmp_path / "contenant.rb").write_text(made.stdout)
    ruby = shutil.which("ruby")
    assert ruby, "packaging/setup test installs it"
    subprocess.run([ruby, "-wc", tmp_path / "contenant.rb"], check=True, capture_output=True)
    done = subprocess.run(
        [ruby, stand_in, tmp_path / "contenant.rb"], check=True, capture_output=True, text=True
    )
    said = done.stdout.splitlines()
    assert f"contenant desc {PROJECT['description']}" in said
    assert any(
        line.startswith("contenant url ") and line.endswith("/c/contenant/contenant-9.8.7.tar.gz")
        for line in said
    )
    assert f"contenant sha256 {hashlib.sha256(b'a distribution').hexdigest()}" in said
    assert {line.split()[0] for line in said if " url " in line} == needed() | {"contenant"}


def test_debian_asks_for_the_same_versions() -> None:
    control = (PACKAGING / "debian/control").read_text().partition("Package: contenant")[2]
    asked = dict(re.findall(r"^ python3-(\S+) \(>= (\S+)\),$", control, re.MULTILINE))
    assert {name: asked.get(name) for name in minimums()} == minimums()


def test_the_workflow_is_one() -> None:
    argv = [Path(sys.executable).with_name("check-jsonschema"), "--builtin-schema", "vendor.github-workflows"]
    done = subprocess.run([*argv, WORKFLOW], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_nothing_in_the_workflow_is_known_to_be_unsafe() -> None:
    argv = [Path(sys.executable).with_name("zizmor"), "--offline", "--no-progress", "--quiet", WORKFLOW]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_actions_are_pinned_and_tokens_are_short() -> None:
    text = WORKFLOW.read_text()
    used = re.findall(r"uses: (.*)", text)
    assert len(used) >= 8
    assert [one for one in used if not re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v[\d.]+", one)] == []
    assert "secrets." not in text
    assert "\npermissions: {}\n" in text


@pytest.mark.parametrize("target", ["dist", "sbom"])
def test_the_workflow_runs_what_the_makefile_has(target: str) -> None:
    assert f"run: make {target}\n" in WORKFLOW.read_text()
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


def test_a_release_is_tried_on_every_machine() -> None:
    tries = (PACKAGING / "tries").read_text()
    (machines,) = re.findall(r"^# (debian12-root .*)$", tries, re.MULTILINE)
    assert f"machine: [{', '.join(machines.split())}]\n" in WORKFLOW.read_text()
    (brief,) = re.findall(r"^packaging/tries --brief (.*)$", (ROOT / ".ci/run").read_text(), re.MULTILINE)
    assert brief in machines.split()


def test_the_smoke_test_misses_what_is_missing(tmp_path: Path) -> None:
    """An installation without its man page is not taken for a whole one."""
    smoke = script("smoke.py")
    for folder in ("bin", "lib/image", "lib/migrations/versions"):
        (tmp_path / folder).mkdir(parents=True)
    for name in (*smoke.SHARED, "lib/image/Dockerfile", "lib/migrations/env.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    for name, said in (
        ("contenant", 'echo "contenant 1.2 help exit-codes"'),
        ("python", f"echo {tmp_path}/lib"),
    ):
        (tmp_path / "bin" / name).write_text(
            f'#!/bin/sh\n[ "$1" = --version ] && echo contenant 1.2 && exit\n{said}\n'
        )
        (tmp_path / "bin" / name).chmod(0o755)
    (tmp_path / "bin/contenant").write_text(
        (tmp_path / "bin/contenant").read_text().replace('"contenant 1.2 help', '"contenant help')
    )
    program = tmp_path / "bin/contenant"
    smoke.look(program, tmp_path, "1.2", tmp_path, {"PATH": "/usr/bin:/bin"})
    with pytest.raises(smoke.WrongError, match=r"not 1\.3"):
        smoke.look(program, tmp_path, "1.3", tmp_path, {"PATH": "/usr/bin:/bin"})
    (tmp_path / smoke.SHARED[0]).unlink()
    with pytest.raises(smoke.WrongError, match=r"contenant\.1 is missing"):
        smoke.look(program, tmp_path, "1.2", tmp_path, {"PATH": "/usr/bin:/bin"})
