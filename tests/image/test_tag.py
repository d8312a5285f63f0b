"""The kept tag: the recipe's own, taken again as soon as any input may have changed."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from contenant.core.versions import unpinned
from contenant.image import certificates, choice, recipe, tag, versions
from contenant.image.choice import Choice
from contenant.paths import asset, cache_dir

PEM = b"-----BEGIN CERTIFICATE-----\n%s\n-----END CERTIFICATE-----\n"


@pytest.fixture
def inputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of what goes into an image, to be changed."""
    copy = Path(shutil.copytree(asset("image"), tmp_path / "image"))
    for module in (recipe, tag):
        monkeypatch.setattr(module, "asset", lambda name: copy)
    for name in certificates.VARIABLES:
        monkeypatch.delenv(name, raising=False)
    return copy


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Each tag that was computed."""
    tags: list[str] = []
    real = recipe.current

    def watched(settings: Any) -> recipe.Recipe:
        found = real(settings)
        tags.append(found.tag)
        return found

    monkeypatch.setattr(recipe, "current", watched)
    return tags


def settings(*paths: Path, version: str = "") -> Any:
    return SimpleNamespace(ca_certificates=tuple(map(str, paths)), claude_version=version)


def test_it_is_computed_once(inputs: Path, computed: list[str]) -> None:
    first = tag.current_tag(settings())
    assert first == tag.current_tag(settings())
    assert computed == [first]
    assert first == recipe.current(settings()).tag


def test_a_changed_a_new_and_a_removed_input_are_seen(inputs: Path, computed: list[str]) -> None:
    found = [tag.current_tag(settings())]
    lines = (inputs / "entrypoint").read_bytes()
    (inputs / "entrypoint").write_bytes(lines.replace(b"a", b"b"))  # of the same size
    found.append(tag.current_tag(settings()))
    (inputs / "stages" / "more").write_text("x")
    found.append(tag.current_tag(settings()))
    (inputs / "stages" / "more").unlink()
    (inputs / "tmux.conf").unlink()
    found.append(tag.current_tag(settings()))
    assert len(set(found)) == 4
    assert computed == found


def test_a_file_put_back_with_its_old_time_is_looked_at_again(inputs: Path, computed: list[str]) -> None:
    before = (inputs / "entrypoint").stat()
    first = tag.current_tag(settings())
    (inputs / "entrypoint").write_bytes((inputs / "entrypoint").read_bytes().replace(b"a", b"b"))
    os.utime(inputs / "entrypoint", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert tag.current_tag(settings()) != first


def test_certificates_are_inputs(
    inputs: Path, computed: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = tmp_path / "ca.pem"
    found = [tag.current_tag(settings())]
    one.write_bytes(PEM % b"AAAA")
    found.append(tag.current_tag(settings(one)))
    one.write_bytes(PEM % b"BBBB")
    found.append(tag.current_tag(settings(one)))
    one.write_bytes(PEM % b"CCCC")
    for name in certificates.VARIABLES:
        monkeypatch.setenv(name, str(one))
        found.append(tag.current_tag(settings()))
        one.write_bytes(PEM % b"DDDD")
        found.append(tag.current_tag(settings()))
        monkeypatch.delenv(name)
        one.write_bytes(PEM % b"EEEE")
    assert len(set(found)) == 6  # none, A to E
    assert computed == found, "each time something had changed"
    assert tag._CERTIFICATES == certificates.VARIABLES


def test_without_a_cache_it_is_computed(inputs: Path, computed: list[str]) -> None:
    cache_dir().parent.mkdir(parents=True, exist_ok=True)
    cache_dir().write_text("in the way")
    assert tag.current_tag(settings()) == tag.current_tag(settings())
    assert len(computed) == 2


def test_a_cut_cache_is_not_believed(inputs: Path, computed: list[str]) -> None:
    right = tag.current_tag(settings())
    kept = cache_dir() / "image-tag"
    kept.write_bytes(kept.read_bytes()[:-1])
    assert tag.current_tag(settings()) == right
    assert len(computed) == 2
    assert kept.stat().st_mode & 0o777 == 0o600


def test_the_version_that_is_chosen_or_named_is_an_input(inputs: Path, computed: list[str]) -> None:
    own = versions.shipped()
    found = [tag.current_tag(settings())]
    assert tag.current_tag(settings(version="2.1.9001")) == unpinned("2.1.9001")
    versions.keep(own._replace(version="2.1.9001"))
    found.append(tag.current_tag(settings(version="2.1.9001")))
    assert found[1].startswith("contenant:2.1.9001-")
    choice.write(Choice("2.1.9001", ""))
    assert tag.current_tag(settings()) == tag.current_tag(settings(version="latest")) == found[1]
    versions.keep(own._replace(version="2.1.9002"))
    choice.write(Choice("2.1.9001", "2.1.9002"))
    assert tag.current_tag(settings()) == found[1]
    latest = tag.current_tag(settings(version="latest"))
    assert latest.startswith("contenant:2.1.9002-")
    assert tag.current_tag(settings(version=own.version)) == found[0], "the shipped one has one tag"
    before = len(computed)
    for _ in range(2):
        assert tag.current_tag(settings()) == tag.current_tag(settings(version="2.1.9001")) == found[1]
        assert tag.current_tag(settings(version="latest")) == latest
    assert len(computed) == before, "each has a place of its own in the cache"


def test_a_lock_with_another_integrity_is_another_image(inputs: Path) -> None:
    own = versions.shipped()
    versions.keep(own._replace(version="2.1.9001"))
    before = tag.current_tag(settings(version="2.1.9001"))
    versions.keep(own._replace(version="2.1.9001", sha512=dict.fromkeys(own.sha512, bytes(64))))
    assert tag.current_tag(settings(version="2.1.9001")) != before
