"""Reading files, variables and mounts from the real disk."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from contenant import config
from contenant.errors import ConfigError, UsageError


@pytest.fixture
def project(home: Path) -> Path:
    path = home / "code" / "shop"
    path.mkdir(parents=True)
    return path


def load(
    project: Path | None, env: dict[str, str] | None = None, trusted: str = "", **flags: Any
) -> config.Settings:
    return config.load(project, env or {}, flags, trusted_hash=trusted)


def test_no_file_at_all(project: Path) -> None:
    settings = load(project)
    assert settings.project_hash == ""
    assert config.pending_message(settings) == ""


def test_each_layer_in_turn(project: Path) -> None:
    config.user_path().write_text('memory = "4g"\ncpus = 8\n[firewall]\nmode = "audit"\n')
    config.project_path(project).write_text('cpus = 2\n[firewall]\nmode = "block"\n')
    settings = load(
        project, {"CONTENANT_ENGINE": "podman", "CONTENANT_SSH": ""}, memory="3g", cpus=None, mounts=()
    )
    assert settings.memory == 3 << 30
    assert settings.cpus == 2
    assert settings.engine == "podman"
    assert settings.firewall.mode == "block"
    assert settings.origins["memory"][0].source == "--memory"
    assert settings.origins["cpus"][0].source == str(project / ".contenant.toml")
    assert settings.origins["engine"][0].source == "CONTENANT_ENGINE"
    assert settings.origins["ssh"][0].layer == "default"


def test_relative_paths_start_at_the_file_that_names_them(project: Path, home: Path) -> None:
    config.user_path().write_text('[image]\ncontainerfile = "Mine"\nca_certificates = ["~/ca.pem"]\n')
    assert load(project).containerfile == (str(home / ".contenant/config/Mine"),)
    assert load(project).ca_certificates == (str(home / "ca.pem"),)
    file = config.project_path(project)
    file.write_text('[image]\ncontainerfile = "Theirs"\n')
    settings = load(project, trusted=load(project).project_hash)
    assert settings.containerfile[-1] == str(project / "Theirs")


def test_trust_is_bound_to_the_bytes(project: Path) -> None:
    file = config.project_path(project)
    file.write_text('mounts = ["/srv:/srv"]\n')
    first = load(project)
    assert first.mounts == ()
    message = config.pending_message(first)
    assert "mounts /srv:/srv" in message and "contenant config trust" in message and str(file) in message
    trusted = load(project, trusted=first.project_hash)
    assert [mount.source for mount in trusted.mounts] == ["/srv"]
    file.write_text('mounts = ["/srv:/srv"]\n# changed\n')
    assert load(project, trusted=first.project_hash).mounts == ()


def test_no_trust_without_a_hash(project: Path) -> None:
    config.project_path(project).write_text("ssh = true\n")
    assert load(project, trusted="").ssh is False


def test_a_long_wish_list_is_cut(project: Path) -> None:
    wishes = ", ".join(f'"/srv/{n}:/srv/{n}"' for n in range(50))
    config.project_path(project).write_text(f"mounts = [{wishes}]\n")
    assert len(config.pending_message(load(project))) < 600


@pytest.mark.parametrize("text", ["memory = ", "a = 1\na = 2", "\x00", "= 1", "[" * 5000])
def test_broken_files_are_named(project: Path, text: str) -> None:
    file = config.project_path(project)
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load(project)
    assert str(file) in caught.value.message


def test_a_file_that_is_not_text(project: Path) -> None:
    config.project_path(project).write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="not valid TOML"):
        load(project)


def test_a_project_file_is_never_followed_out_of_the_project(project: Path, tmp_path: Path) -> None:
    (tmp_path / "else.toml").write_text("cpus = 1\n")
    config.project_path(project).symlink_to(tmp_path / "else.toml")
    with pytest.raises(ConfigError, match=r"\.contenant\.toml"):
        load(project)


def test_a_users_file_may_be_a_link(home: Path, tmp_path: Path) -> None:
    (tmp_path / "dotfiles.toml").write_text("cpus = 1\n")
    config.user_path().symlink_to(tmp_path / "dotfiles.toml")
    assert load(None).cpus == 1


def test_pipes_directories_and_giants_are_refused(project: Path) -> None:
    file = config.project_path(project)
    os.mkfifo(file)
    with pytest.raises(ConfigError, match="not a plain file"):
        load(project)
    file.unlink()
    file.mkdir()
    with pytest.raises(ConfigError, match="not a plain file"):
        load(project)
    file.rmdir()
    file.write_text("#" * (config.MAX_BYTES + 1))
    with pytest.raises(ConfigError, match="not a plain file"):
        load(project)


def test_a_slip_in_a_variable_is_refused(project: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(project, {"CONTENANT_FIREWAL_MODE": "off"})
    assert "CONTENANT_FIREWALL_MODE" in caught.value.hint
    load(project, {"CONTENANT_HOME": "/x", "CONTENANT_SOMETHING_ELSE": "1"})


def test_wrong_options_are_usage_errors(project: Path) -> None:
    with pytest.raises(UsageError, match="--memory: not an amount"):
        load(project, memory="lots")


def test_the_database_is_found_without_a_project(home: Path) -> None:
    config.user_path().write_text('database_url = "sqlite:///x"\n')
    assert config.database_url({}) == "sqlite:///x"
    assert config.database_url({"CONTENANT_DATABASE_URL": "sqlite:///y"}) == "sqlite:///y"


def test_a_working_directory_that_is_gone(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert load(project, cpus="2").cpus == 2


def test_usable_mounts_are_real_directories(project: Path, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "data")
    settings = load(project, mounts=(f"{tmp_path}/link:/data",))
    (mount,) = config.usable_mounts(settings, project, {})
    assert mount.source == str((tmp_path / "data").resolve())


@pytest.fixture
def places(home: Path, project: Path, tmp_path: Path) -> dict[str, Path]:
    (tmp_path / "file").write_text("x")
    (tmp_path / "way-home").symlink_to(home)
    (tmp_path / "run").mkdir()
    (home / ".claude").mkdir()
    return {"home": home, "project": project, "tmp": tmp_path}


@pytest.mark.parametrize(
    ("source", "word"),
    [
        ("/", "root directory"),
        ("{home}", "home directory"),
        ("{home}/..", "home directory"),
        ("{tmp}/way-home", "home directory"),
        ("{home}/.contenant", "contenant's own"),
        ("{home}/.contenant/config", "contenant's own"),
        ("{home}/.contenant/state/containers/x", "contenant's own"),
        ("{home}/.claude", "credentials"),
        ("{tmp}/run", "engine's socket"),
        ("/var/lib/docker/volumes", "engine's socket or store"),
        ("{tmp}/file", "not a directory"),
        ("{tmp}/missing", "not a directory"),
        ("{project}", "project itself"),
        ("{project}/..", "project itself"),
    ],
)
def test_unusable_mounts(places: dict[str, Path], source: str, word: str) -> None:
    env = {
        "DOCKER_HOST": f"unix://{places['tmp']}/run/docker.sock",
        "SSH_AUTH_SOCK": f"{places['tmp']}/agent/s",
    }
    settings = load(places["project"], mounts=(f"{source.format(**places)}:/data",))
    with pytest.raises(ConfigError) as caught:
        config.usable_mounts(settings, places["project"], env)
    assert word in caught.value.message
    assert caught.value.message.startswith("--mount:mounts: ")


def test_the_ssh_agent_is_no_mount(places: dict[str, Path]) -> None:
    agent = places["tmp"] / "agent"
    agent.mkdir()
    settings = load(places["project"], mounts=(f"{agent}:/agent",))
    with pytest.raises(ConfigError, match="SSH agent"):
        config.usable_mounts(settings, places["project"], {"SSH_AUTH_SOCK": f"{agent}/sock"})


def test_one_target_once(project: Path, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    settings = load(project, mounts=(f"{tmp_path}/a:/data", f"{tmp_path}/a:/data:ro"))
    with pytest.raises(ConfigError, match="two mounts at /data"):
        config.usable_mounts(settings, project, {})


def test_the_project_may_be_seen_again_read_only(project: Path) -> None:
    settings = load(project, mounts=(f"{project}:/again:ro",))
    assert config.usable_mounts(settings, project, {})[0].read_only


def test_variables_of_the_caller(project: Path) -> None:
    settings = config.load(project, {}, {"env": ("A=1", "B", "C")})
    assert config.caller_env(settings, {"B": "from outside"}) == {"A": "1", "B": "from outside"}


def test_a_start_without_files_imports_nothing_dear(home: Path) -> None:
    """tomllib, hashlib, difflib, dataclasses and the like are paid for only by those who need them."""
    code = (
        "import sys; before = set(sys.modules)\n"
        "from pathlib import Path; from contenant import config\n"
        f"config.load(Path({str(home)!r}), {{}}, {{}})\n"
        "print(*sorted(set(sys.modules) - before))"
    )
    output = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        env=dict(os.environ),
    )
    loaded = set(output.stdout.split())
    assert "contenant.config" in loaded
    assert loaded & {"tomllib", "hashlib", "difflib", "dataclasses", "datetime", "subprocess"} == set()
