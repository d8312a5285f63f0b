"""The command that mends, in the words of each system; and nothing in it that should not be shown."""

from __future__ import annotations

import shlex
import subprocess

import pytest

from contenant.app.doctor import remedies
from contenant.app.doctor.facts import Manager
from contenant.app.doctor.line import Line, clean, presentable
from tests.app.doctor_samples import HOME, LINUX, MAC, MANAGERS


@pytest.mark.parametrize(
    ("identifier", "like", "manager"),
    [
        ("debian", "", "apt"),
        ("ubuntu", "debian", "apt"),
        ("linuxmint", "ubuntu debian", "apt"),
        ("fedora", "", "dnf"),
        ("rocky", "rhel centos fedora", "dnf"),
        ("amzn", "fedora", "dnf"),
        ("arch", "", "pacman"),
        ("manjaro", "arch", "pacman"),
        ("opensuse-tumbleweed", "opensuse suse", "zypper"),
        ("sles", "suse", "zypper"),
        ("alpine", "", ""),
        ("", "", ""),
    ],
)
def test_the_package_manager_follows_from_os_release(identifier: str, like: str, manager: Manager) -> None:
    assert remedies.manager_of({"ID": identifier, "ID_LIKE": like}) == manager


@pytest.mark.parametrize(
    ("manager", "podman", "docker", "uidmap", "upgrade"),
    [
        (
            "apt",
            "sudo apt-get install podman",
            "sudo apt-get install docker.io",
            "sudo apt-get install uidmap",
            "sudo apt-get install --only-upgrade podman",
        ),
        (
            "dnf",
            "sudo dnf install podman",
            "sudo dnf install moby-engine",
            "sudo dnf install shadow-utils",
            "sudo dnf upgrade podman",
        ),
        (
            "pacman",
            "sudo pacman -S podman",
            "sudo pacman -S docker",
            "sudo pacman -S shadow",
            "sudo pacman -Syu podman",
        ),
        (
            "zypper",
            "sudo zypper install podman",
            "sudo zypper install docker",
            "sudo zypper install shadow",
            "sudo zypper update podman",
        ),
        (
            "",
            "install podman with your package manager",
            "install docker with your package manager",
            "install uidmap with your package manager",
            "upgrade podman with your package manager",
        ),
    ],
)
def test_packages_per_distribution(
    manager: Manager, podman: str, docker: str, uidmap: str, upgrade: str
) -> None:
    machine = LINUX._replace(manager=manager)
    assert remedies.install_engine(machine, "podman") == podman
    assert remedies.install_engine(machine, "docker") == docker
    assert remedies.install(machine, "uidmap") == uidmap
    assert remedies.upgrade_engine(machine, "podman") == upgrade
    root = machine._replace(root=True)
    assert remedies.install_engine(root, "podman") == podman.removeprefix("sudo ")


def test_macos_with_and_without_homebrew() -> None:
    start = "container system start --enable-kernel-install"
    assert remedies.install_engine(MAC, "container") == f"brew install container && {start}"
    assert remedies.upgrade_engine(MAC, "container") == (
        f"brew upgrade container && container system stop && {start}"
    )
    assert remedies.install_engine(MAC, "podman") == "brew install podman && podman machine init --now"
    assert remedies.install_engine(MAC, "docker") == "brew install --cask docker-desktop && open -a Docker"
    bare = MAC._replace(manager="")
    assert remedies.install_engine(bare, "container").endswith(f"releases page on GitHub, then: {start}")
    assert remedies.upgrade_engine(bare, "container").startswith("upgrade Apple's container from")


def test_docker_is_started_as_the_system_does_it() -> None:
    assert remedies.start_docker(LINUX, "") == "sudo systemctl enable --now docker"
    assert remedies.start_docker(LINUX._replace(systemd=False), "") == "sudo service docker start"
    assert remedies.start_docker(MAC, "") == "open -a Docker"
    assert remedies.start_docker(LINUX, "tcp://10.0.0.1:2375") == "unset DOCKER_HOST"


@pytest.mark.parametrize(
    "path", ["/home/me/shop", "/home/me/a b/it's", "/srv/x", "/home/me", "/home/meagan/x"]
)
def test_a_path_reaches_the_shell_whole(path: str) -> None:
    text = remedies.shell_path(path, HOME)
    said = subprocess.run(
        ["bash", "-c", f"printf %s {text}"], env={"HOME": HOME}, capture_output=True, text=True, check=True
    )
    assert said.stdout == path
    assert remedies.recreate([path], HOME) == f"contenant run --recreate {text} -- true"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("/home/me/x is open", "~/x is open"),
        ("at /home/me", "at ~"),
        (f"rm {shlex.quote('/home/me/a b')}", "rm ~/'a b'"),
        ("/srv/home/me/x", "/srv/home/me/x"),
        ("/home/meagan/x and /home/me.old", "/home/meagan/x and /home/me.old"),
        ("file:///home/me/x", "file://~/x"),
        ("tcp://me:secret@host:1", "tcp://…@host:1"),
        ("bad token sk-ant-oat01-AbC_d-e9 there", "bad token sk-ant-… there"),
    ],
)
def test_what_is_shown_names_neither_home_nor_secret(text: str, shown: str) -> None:
    assert clean(text, HOME) == shown
    line = presentable(Line("x", "fail", "x", text, text), HOME)
    assert (line.detail, line.fix) == (shown, shown)


def test_a_home_that_is_the_root_is_left_alone() -> None:
    assert clean("/ and /x", "/") == "/ and /x"
    assert clean("/x", "") == "/x"


def test_every_manager_is_tried_here() -> None:
    assert set(MANAGERS) == {*remedies._INSTALL, ""} == {*remedies._UPGRADE, ""}
