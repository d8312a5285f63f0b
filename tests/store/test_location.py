"""Where the database is."""

from __future__ import annotations

from pathlib import Path

import pytest

from contenant.errors import ConfigError
from contenant.store.location import Location, ensure_parent, locate


def test_default_is_in_the_state_directory(contenant_home: Path) -> None:
    for url in (None, ""):
        assert locate(url) == Location(contenant_home / "state" / "contenant.db", "")


def test_the_environment_and_the_argument(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTENANT_DATABASE_URL", "sqlite:////a b/%41.db")
    assert locate(None).path == Path("/a b/%41.db")
    assert locate("sqlite:////other.db").path == Path("/other.db")


@pytest.mark.parametrize("scheme", ["postgresql+psycopg", "postgresql", "postgres"])
def test_a_server(scheme: str) -> None:
    location = locate(f"{scheme}://me:p@ss:w/rd@db.example:5432/team?sslmode=require")
    assert location.path is None
    assert location.url.startswith("postgresql+psycopg://me:p@ss:w/rd@db.example")
    assert location.shown == "postgresql+psycopg://me@db.example:5432/team"
    assert locate(f"{scheme}://db.example/team").shown == "postgresql+psycopg://db.example/team"


@pytest.mark.parametrize(
    "url",
    ["mysql://x/y", "sqlite://", "sqlite:///relative.db", "sqlite:////a.db?mode=ro", "sqlite:////dir/", "x"],
)
def test_anything_else_is_refused(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        locate(url)
    assert "CONTENANT_DATABASE_URL" in caught.value.hint


def test_a_refusal_repeats_no_password() -> None:
    with pytest.raises(ConfigError) as caught:
        locate("mysql://me:sesame@x/y")
    assert "sesame" not in caught.value.message + caught.value.hint


def test_only_the_state_directory_is_made_private(tmp_path: Path, contenant_home: Path) -> None:
    other = tmp_path / "other"
    other.mkdir(mode=0o755)
    ensure_parent(other / "contenant.db")
    assert other.stat().st_mode & 0o777 == 0o755
    ensure_parent(tmp_path / "new" / "contenant.db")
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700
    (contenant_home / "state").mkdir(parents=True, mode=0o755)
    ensure_parent(contenant_home / "state" / "contenant.db")
    assert (contenant_home / "state").stat().st_mode & 0o777 == 0o700
