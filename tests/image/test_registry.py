"""What npm says of versions and packages, and what is made of its silence."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from contenant.errors import ImageBuildError
from contenant.image import registry
from contenant.image.lock import integrity
from contenant.image.registry import RegistryError
from tests.npm import Npm, digest, install


@pytest.fixture
def npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Npm:
    return install(tmp_path / "npm", monkeypatch)


def test_tags(npm: Npm) -> None:
    npm.publish("2.1.400")
    assert registry.tags(registry.BRIEFLY) == {"latest": "2.1.400"}
    npm.tag("stable", "2.1.399")
    npm.tag("next", "3.0.0")
    assert registry.tags(registry.BRIEFLY) == {"latest": "2.1.400", "stable": "2.1.399"}
    npm.tag("latest", "3.0.0-beta.1")
    npm.tag("stable", "1.0.0")
    assert registry.tags(registry.BRIEFLY) == {}, "none that an image could hold"


def test_a_lock(npm: Npm) -> None:
    npm.publish("2.1.400")
    lock = registry.ask_lock("2.1.400")
    assert lock.version == "2.1.400"
    assert {name: integrity(found) for name, found in lock.sha512.items()} == {
        name: digest(f"2.1.400{name}") for name in ("linux-x64", "linux-arm64")
    }
    assert npm.calls() == [
        f"@anthropic-ai/claude-code-{name}@2.1.400 dist.integrity" for name in ("linux-arm64", "linux-x64")
    ]


@pytest.mark.parametrize("wrong", ["sha1-AAAA", "sha512-AAAA", "sha512-A\nversion 9.9.9", "raw:{"])
def test_what_is_no_integrity_pins_nothing(npm: Npm, wrong: str) -> None:
    npm.publish("2.1.400", integrity=wrong)
    with pytest.raises(ImageBuildError, match="npm"):
        registry.ask_lock("2.1.400")


def test_a_version_that_is_not_there(npm: Npm) -> None:
    with pytest.raises(RegistryError, match=r"No match found for version 2\.1\.401"):
        registry.ask_lock("2.1.401")


def test_a_silent_registry(npm: Npm) -> None:
    npm.publish("2.1.400")
    npm.switch("down")
    with pytest.raises(RegistryError, match=": network request failed"):
        registry.tags(registry.BRIEFLY)
    npm.switch("down", False)
    npm.switch("hung")
    began = time.monotonic()
    with pytest.raises(RegistryError, match=r"did not end within 0\.5 s"):
        registry.tags(0.5)
    assert time.monotonic() - began < 5


def test_without_npm_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RegistryError) as caught:
        registry.ask_lock("2.1.400")
    assert "install npm" in caught.value.hint
    assert "contenant image load" in caught.value.hint
