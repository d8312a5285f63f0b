"""`contenant config`: what counts and why; trust is given with open eyes."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from contenant.cli.config_show import FIELDS
from contenant.core.settings import KEYS
from tests.cli.conftest import Run
from tests.cli.test_clean import on_terminal

ASKS = 'mounts = ["/srv/x:/data"]\nread_only = true\n[env]\nA = "\x1b[2Jhidden"\n'.replace("\x1b", "\\u001b")
TRUST = [sys.executable, "-m", "contenant", "config", "trust"]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "shop"
    path.mkdir()
    (path / ".contenant.toml").write_text(ASKS)
    monkeypatch.chdir(path)
    return path


@pytest.fixture
def user_file(contenant_home: Path) -> Path:
    return contenant_home / "config" / "config.toml"


def states(run: Run, *where: str) -> dict[str, str]:
    return {row["key"]: row["state"] for row in json.loads(run("config", "show", "--json", *where).out)}


def test_show(run: Run, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTENANT_MEMORY", "4g")
    monkeypatch.setenv("CONTENANT_DATABASE_URL", "")
    rows = json.loads(run("config", "show", "--json").out)
    assert {row["key"] for row in rows} == set(KEYS)
    assert all(tuple(row) == tuple(FIELDS) for row in rows)
    found = {row["key"]: row for row in rows}
    assert list(found["memory"].values()) == ["memory", "4g", "env", "CONTENANT_MEMORY", "in force"]
    assert found["read_only"]["source"] == str(project / ".contenant.toml")
    assert found["mounts"] == found["mounts"] | {"value": "/srv/x:/data", "state": "pending"}
    shown = run("config", "show", str(project))
    assert "hidden" not in shown.out
    assert shown.err.startswith("contenant: 2 pending; ")


def test_a_wrong_file_is_named(run: Run, project: Path) -> None:
    (project / ".contenant.toml").write_text("memry = '4g'\n")
    result = run("config", "show")
    assert (result.code, result.out) == (2, "")
    assert result.err == (
        f"contenant: error: {project}/.contenant.toml:memry: no such setting\n  hint: did you mean memory?\n"
    )


def test_path(run: Run, project: Path, user_file: Path) -> None:
    assert run("config", "path").out == f"{user_file}\n"
    assert run("config", "path", "--project", ".").out == f"{project}/.contenant.toml\n"


def test_trust_is_not_given_where_nobody_can_be_asked(run: Run, project: Path) -> None:
    result = run("config", "trust")
    assert result.code == 2
    assert "add --yes" in result.err
    assert states(run)["mounts"] == "pending"


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("n\n", 1), ("\n", 1)])
def test_trust_on_a_terminal_shows_the_file_first(run: Run, project: Path, answer: str, code: int) -> None:
    shown, found = on_terminal_in(project, "[y/N] ", answer)
    assert found == code, shown
    assert shown.index("hidden") < shown.index("It asks for:") < shown.index("in 2 points? [y/N]")
    assert "mounts /srv/x:/data" in shown
    assert states(run)["mounts"] == ("in force" if code == 0 else "pending")


def on_terminal_in(project: Path, until: str, answer: str) -> tuple[str, int]:
    return on_terminal([*TRUST, str(project)], until, answer)


def test_escapes_in_a_file_reach_no_terminal(run: Run, project: Path) -> None:
    (project / ".contenant.toml").write_bytes(b"# \x1b]0;gotcha\x07\n")
    assert run("config", "show").code == 2, "TOML holds no control characters"
    (project / ".contenant.toml").write_text('# \u202e evil\nmounts = ["/srv/x:/data"]\n')
    result = run("config", "trust")
    assert "\\u202e evil" in result.err
    assert "\u202e" not in result.err


def test_trust_ends_when_the_file_changes_or_it_is_taken_back(run: Run, project: Path) -> None:
    assert run("config", "trust", "--yes").code == 0
    assert states(run)["mounts"] == "in force"
    assert "trusted already" in run("config", "trust").err
    (project / ".contenant.toml").write_text(ASKS + "\n")
    assert states(run)["mounts"] == "pending"
    run("config", "trust", "--yes")
    assert run("config", "trust", "--revoke").err == "contenant: it may only tighten again\n"
    assert states(run)["mounts"] == "pending"
    assert run("config", "trust", "--revoke").err == "contenant: it was not trusted\n"
    kinds = [row["kind"] for row in json.loads(run("history", "--json", "--kind", "config").out)]
    assert kinds == ["config.revoked", "config.trusted", "config.trusted"]


def test_nothing_to_trust(run: Run, project: Path) -> None:
    (project / ".contenant.toml").write_text("read_only = true\n")
    result = run("config", "trust", "--yes")
    assert (result.code, "asks for nothing more" in result.err) == (0, True)
    (project / ".contenant.toml").unlink()
    assert run("config", "trust", "--yes").code == 4


def editor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    script = tmp_path / "editor"
    script.write_text(f"#!/bin/sh\ncp \"$1\" {tmp_path}/seen\nprintf '%s' '{text}' >\"$1\"\n")
    script.chmod(0o755)
    monkeypatch.setenv("EDITOR", str(script))
    monkeypatch.delenv("VISUAL", raising=False)


def test_edit(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, user_file: Path) -> None:
    editor(tmp_path, monkeypatch, 'memory = "4g"')
    result = run("config", "edit")
    assert (result.code, result.err) == (0, f"contenant: {user_file} is in order\n")
    assert user_file.read_text() == 'memory = "4g"'
    assert user_file.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "seen").read_text().startswith("# Settings of contenant")
    assert run("config", "show").code == 0


def test_a_wrong_edit_is_kept_and_told(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, user_file: Path
) -> None:
    editor(tmp_path, monkeypatch, 'memory = "lots"')
    result = run("config", "edit")
    assert result.code == 2
    assert f"{user_file}:memory: not an amount of memory" in result.err
    assert user_file.read_text() == 'memory = "lots"'
    editor(tmp_path, monkeypatch, "cpus = 2")
    assert run("config", "edit").code == 0, "what is wrong can be mended"


def test_the_template_is_in_order(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDITOR", "true")
    assert run("config", "edit").code == 0


def test_an_editor_that_is_not_there(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDITOR", "/nowhere/editor")
    monkeypatch.delenv("VISUAL", raising=False)
    result = run("config", "edit")
    assert result.code == 1
    assert "was not edited: /nowhere/editor: Editing failed" in result.err
    assert "hint: set EDITOR to an editor that works here" in result.err
    assert "Traceback" not in result.err
