"""Who commits, and where the clock stands. git is the real one."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from contenant.home.identity import Identity, gitconfig, read_identity, session_env, timezone

from .conftest import write


@pytest.fixture
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "someone"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    for name in ("XDG_CONFIG_HOME", "GIT_CONFIG_GLOBAL", "GIT_DIR"):
        monkeypatch.delenv(name, raising=False)
    return home


@pytest.fixture
def project(user: Path) -> Path:
    path = user / "work" / "shop"
    path.mkdir(parents=True)
    subprocess.run(["git", "init", "-q", str(path)], check=True)
    return path


def test_git_by_the_projects_place(user: Path, project: Path) -> None:
    write(user / ".gitconfig", "[user]\n\tname = Ada\n\temail = a@home.test\n"
          f'[includeIf "gitdir:{user}/work/"]\n\tpath = work.inc\n')  # fmt: skip
    write(user / "work.inc", "[user]\n\temail = a@work.test\n")
    assert read_identity(project, {}, user) == Identity("Ada", "a@work.test")
    elsewhere = user / "private"
    elsewhere.mkdir()
    assert read_identity(elsewhere, {}, user).git_email == "a@home.test"


def test_the_projects_own_configuration_is_not_asked(user: Path, project: Path) -> None:
    """It goes along with the project, and may be hostile."""
    with (project / ".git" / "config").open("a") as file:
        file.write(
            f"[user]\n\tname = Mallory\n[core]\n\tfsmonitor = touch {user}/ran\n\tpager = touch {user}/ran\n"
        )
    write(user / ".gitconfig", "[user]\n\tname = Ada\n")
    assert read_identity(project, {}, user).git_name == "Ada"
    assert not (user / "ran").exists()


def test_nobody(user: Path, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_identity(project, {}, user) == Identity()
    monkeypatch.setenv("PATH", "/nowhere")
    assert read_identity(project, {}, user) == Identity()


@pytest.mark.parametrize("place", [".jjconfig.toml", ".config/jj/config.toml"])
def test_jj(user: Path, project: Path, place: str) -> None:
    write(user / place, '[user]\nname = "Jo"\nemail = "jo@home.test"\n')
    assert read_identity(project, {}, user) == Identity("", "", "Jo", "jo@home.test")


@pytest.mark.parametrize("text", ["", "[user", "user = 5", '[user]\nname = 5\nemail = "a\\nb"', "\udcff"])
def test_jj_configuration_that_is_none(user: Path, project: Path, text: str) -> None:
    (user / ".jjconfig.toml").write_bytes(text.encode("utf-8", "surrogateescape"))
    assert read_identity(project, {}, user) == Identity()


def test_jj_configuration_that_is_named(user: Path, project: Path) -> None:
    write(user / "mine.toml", '[user]\nname = "Named"\n')
    write(user / ".jjconfig.toml", '[user]\nname = "Not me"\n')
    assert read_identity(project, {"JJ_CONFIG": str(user / "mine.toml")}, user).jj_name == "Named"


@pytest.mark.parametrize("name", ["Ada", 'A "B" C', "back\\slash", "Ünï # ; =", "  ", "[core]", "$(id)"])
def test_git_reads_back_what_is_written(tmp_path: Path, name: str) -> None:
    file = tmp_path / "gitconfig"
    file.write_bytes(gitconfig(Identity(name, "a@b.test"), "/project"))

    def get(*argv: str) -> list[str]:
        done = subprocess.run(
            ["git", "config", "--null", "--file", str(file), *argv],
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.split("\0")[:-1]

    assert get("--get", "user.name") == [name]
    assert get("--get-all", "safe.directory") == ["/project", "/project/*"]
    assert get("--get", "include.path") == ["/etc/gitconfig"]
    assert len(get("--list")) == 5


def test_the_projects_own_name_comes_first_inside(tmp_path: Path, project: Path) -> None:
    file = tmp_path / "gitconfig"
    file.write_bytes(gitconfig(Identity("Ada", "a@b.test"), "/project"))
    subprocess.run(["git", "-C", str(project), "config", "user.email", "shop@work.test"], check=True)
    done = subprocess.run(
        ["git", "-C", str(project), "var", "GIT_AUTHOR_IDENT"],
        capture_output=True, text=True, check=True,
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "GIT_CONFIG_SYSTEM": str(file)},
    )  # fmt: skip
    assert done.stdout.startswith("Ada <shop@work.test>")


def test_time_zones(tmp_path: Path) -> None:
    link = tmp_path / "localtime"
    assert timezone({}, link) == ""
    link.symlink_to("/usr/share/zoneinfo/America/Argentina/Ushuaia")
    assert timezone({}, link) == "America/Argentina/Ushuaia"
    assert timezone({"TZ": ":Europe/Berlin"}, link) == "Europe/Berlin"
    assert timezone({"TZ": "UTC"}, link) == "UTC"
    link.unlink()
    link.symlink_to("/var/db/timezone/zoneinfo/Asia/Tokyo")
    assert timezone({}, link) == "Asia/Tokyo"


@pytest.mark.parametrize("odd", ["/etc/passwd", "../../x", "a/b/c/d", "x\ny", "é"])
def test_a_time_zone_that_is_none(tmp_path: Path, odd: str) -> None:
    assert timezone({"TZ": odd}, tmp_path / "none") == ""


def test_the_sessions_variables() -> None:
    env = {"TERM": "xterm", "COLORTERM": "truecolor", "LANG": "de_DE.UTF-8", "SECRET": "x"}
    found = session_env(Identity("Ada", "a@b.test", "", "jo@jj.test"), env, "Europe/Berlin", True)
    assert found == {
        "TERM": "xterm",
        "COLORTERM": "truecolor",
        "CLAUDE_CONFIG_DIR": "/var/lib/claude",
        "CLAUDE_CODE_PLUGIN_SEED_DIR": "/opt/contenant/host/plugins",
        "CLAUDE_CODE_SYNC_PLUGIN_INSTALL": "1",
        "GIT_CONFIG_SYSTEM": "/opt/contenant/host/.contenant/gitconfig",
        "JJ_USER": "Ada",
        "JJ_EMAIL": "jo@jj.test",
        "TZ": "Europe/Berlin",
    }
    assert "TERM" not in session_env(Identity(), env, "", False)
