"""Where the base image comes from."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from contenant.core import labels
from contenant.errors import ImageBuildError
from contenant.image import base
from contenant.image.apt import NONE, Sources
from contenant.image.base import BOOTSTRAPPED, command, newest, provide
from contenant.paths import cache_dir
from tests.memory_engine import MemoryEngine

WANTED = "docker.io/library/debian:trixie-slim"

FAKE = """#!/bin/sh
echo "I: called $*"
echo "E: no such suite" >&2
for word; do case $word in *.tar) {} ;; esac; done
"""


class RegistryEngine(MemoryEngine):
    """An engine that can pull."""

    def pull(self, reference: str) -> bool:
        self.add_image(reference)
        return self._call("pull", reference, lambda: True)


class ImportingEngine(MemoryEngine):
    """An engine that looks at what it is to import."""

    imported = b""
    labels: Mapping[str, str] = {}

    def import_image(self, tarball: str, reference: str, labels: Mapping[str, str]) -> None:
        self.imported, self.labels = Path(tarball).read_bytes(), labels
        super().import_image(tarball, reference, labels)


@pytest.fixture
def bin_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH with nothing but a shell."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "sh").symlink_to("/bin/sh")
    monkeypatch.setenv("PATH", str(folder))
    return folder


def fake_mmdebstrap(folder: Path, deed: str) -> None:
    path = folder / "mmdebstrap"
    path.write_text(FAKE.format(deed))
    path.chmod(0o755)


def asked(engine: MemoryEngine) -> list[tuple[str, str]]:
    return [call for call in engine.calls if call[0] != "identity"]


def test_an_image_that_is_there_is_taken() -> None:
    engine = MemoryEngine()
    report = engine.add_image(WANTED)
    assert provide(engine, WANTED, NONE, print) == (WANTED, "local", report.digest, "")
    assert asked(engine) == [("image", WANTED)]


def test_one_made_before_is_taken_before_a_registry_is_asked() -> None:
    engine = RegistryEngine()
    moment = "2026-11-14T20:15:05.000Z"
    report = engine.add_image(BOOTSTRAPPED, {labels.SNAPSHOT: moment})
    assert provide(engine, WANTED, NONE, print) == (BOOTSTRAPPED, "bootstrapped", report.digest, moment)
    assert "pull" not in [method for method, _ in engine.calls]


def test_a_registry_is_asked() -> None:
    engine = RegistryEngine()
    base = provide(engine, WANTED, NONE, print)
    assert (base.reference, base.origin) == (WANTED, "pulled")


def test_without_a_registry_the_base_is_made(bin_only: Path) -> None:
    index = "contenant: index of Sat, {} Nov 2026 20:15:05 UTC"
    said = "".join(f"echo '{index.format(day)}'; " for day in ("07", "14", "09"))
    fake_mmdebstrap(bin_only, f'{said} echo "rootfs" >"$word"')
    engine, told = ImportingEngine(), []
    base = provide(engine, WANTED, NONE, told.append)
    assert (base.reference, base.origin) == (BOOTSTRAPPED, "bootstrapped")
    assert engine.imported == b"rootfs\n"
    assert engine.labels[labels.MANAGED] == "1"
    assert base.snapshot == engine.labels[labels.SNAPSHOT] == "2026-11-14T20:15:05.000Z"
    assert any(line.startswith("I: called --variant=minbase") for line in told)
    assert "index of Sat, 14 Nov 2026 20:15:05 UTC" in told
    assert list((cache_dir() / "base").iterdir()) == []


def test_the_newest_moment_of_an_index() -> None:
    assert newest([]) == newest(["nonsense", ""]) == ""
    moments = ["Sat, 14 Nov 2026 20:15:05 UTC", "Sun, 15 Nov 2026 02:00:00 +0000", "soon"]
    assert newest(moments) == "2026-11-15T02:00:00.000Z"


def test_without_mmdebstrap_the_way_out_is_named(bin_only: Path) -> None:
    with pytest.raises(ImageBuildError) as caught:
        provide(MemoryEngine(), WANTED, NONE, print)
    assert "cannot be pulled" in caught.value.message
    assert "apt-get install mmdebstrap" in caught.value.hint


def test_a_failure_says_why_and_imports_nothing(bin_only: Path) -> None:
    fake_mmdebstrap(bin_only, "exit 25")
    engine = MemoryEngine()
    with pytest.raises(ImageBuildError, match="E: no such suite"):
        provide(engine, WANTED, NONE, lambda _line: None)
    assert engine.image(BOOTSTRAPPED) is None


def test_where_debians_keys_are_missing_they_are_named(bin_only: Path) -> None:
    lines = (
        "echo 'W: GPG error: trixie InRelease: NO_PUBKEY 6ED0E7B82643E131'",
        "echo 'E: mmdebstrap failed to run'",
    )
    fake_mmdebstrap(bin_only, f"{'; '.join(lines)}; exit 25")
    with pytest.raises(ImageBuildError, match="keys this machine lacks") as caught:
        provide(MemoryEngine(), WANTED, NONE, lambda _line: None)
    assert "apt-get install debian-archive-keyring" in caught.value.hint


def test_debians_keys_are_named_where_apt_knows_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = tmp_path / "debian-archive-keyring.gpg"
    monkeypatch.setattr(base, "_KEYS", keys)
    words = f"--keyring={keys}"
    assert words not in command(Path("/t"), NONE, 0)
    keys.touch()
    assert words in command(Path("/t"), NONE, 0)
    # a Debian's own trust may be in another archive
    assert words not in command(Path("/t"), NONE._replace(main="http://m.example/debian"), 0)


def test_the_command_uses_the_hosts_mirrors() -> None:
    sources = Sources("http://m.example/debian", "", (("Acquire::http::Proxy", "http://p.example"),), "")
    argv = command(Path("/cache/trixie.tar"), sources, 0)
    assert argv[:3] == ["mmdebstrap", "--variant=minbase", "--mode=root"]
    assert '--aptopt=Acquire::http::Proxy "http://p.example";' in argv
    assert argv[-4:-2] == ["trixie", "/cache/trixie.tar"]
    assert argv[-2:] == sources.lines()


def test_without_root_a_user_namespace_serves() -> None:
    assert "--mode=unshare" in command(Path("x.tar"), NONE, 1000)
    assert command(Path("x.tar"), NONE, os.geteuid())[-1] == "x.tar"
