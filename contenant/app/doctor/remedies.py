"""Commands that mend things, in the words of the system at hand. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping

from contenant.app.doctor.facts import Machine, Manager
from contenant.core.values import EngineName

_INSTALL: Mapping[Manager, str] = {
    "apt": "apt-get install",
    "dnf": "dnf install",
    "pacman": "pacman -S",
    "zypper": "zypper install",
    "brew": "brew install",
}
_UPGRADE: Mapping[Manager, str] = {
    "apt": "apt-get install --only-upgrade",
    "dnf": "dnf upgrade",
    "pacman": "pacman -Syu",  # Arch takes no partial upgrades
    "zypper": "zypper update",
    "brew": "brew upgrade",
}
# Where a package is not called as the thing is. newuidmap and newgidmap are in `uidmap`.
_PACKAGES: Mapping[str, Mapping[Manager, str]] = {
    "docker": {"apt": "docker.io", "dnf": "moby-engine", "brew": "--cask docker-desktop"},
    "uidmap": {"dnf": "shadow-utils", "pacman": "shadow", "zypper": "shadow"},
}
_FAMILIES: tuple[tuple[Manager, frozenset[str]], ...] = (
    ("apt", frozenset({"debian", "ubuntu"})),
    ("dnf", frozenset({"fedora", "rhel", "centos"})),
    ("pacman", frozenset({"arch"})),
    ("zypper", frozenset({"suse", "opensuse", "sles", "opensuse-leap", "opensuse-tumbleweed"})),
)
_RELEASES = "Apple's container from its releases page on GitHub"


def manager_of(os_release: Mapping[str, str]) -> Manager:
    """The package manager of a Linux system, by ID and then ID_LIKE of its os-release(5); "" for others."""
    for family in (os_release.get("ID", ""), *os_release.get("ID_LIKE", "").split()):
        for manager, names in _FAMILIES:
            if family in names:
                return manager
    return ""


def as_root(machine: Machine, command: str) -> str:
    """A command that needs root."""
    return command if machine.root else f"sudo {command}"


def install(machine: Machine, *things: str) -> str:
    """How to install packages."""
    return _call(machine, _INSTALL, things) or f"install {' and '.join(things)} with your package manager"


def install_engine(machine: Machine, name: EngineName) -> str:
    """How to install an engine so that it runs."""
    if name == "container":
        return _then(machine, "install", start_service())
    if name == "podman" and machine.system == "darwin":
        return f"{install(machine, 'podman')} && podman machine init --now"
    if name == "docker" and machine.system == "darwin":
        return f"{install(machine, 'docker')} && open -a Docker"
    return install(machine, name)


def upgrade_engine(machine: Machine, name: EngineName) -> str:
    """How to bring an engine to its newest version."""
    if name == "container":
        return _then(machine, "upgrade", restart_service())
    return _call(machine, _UPGRADE, (name,)) or f"upgrade {name} with your package manager"


def _then(machine: Machine, verb: str, command: str) -> str:
    """Apple's container by Homebrew where it is there, else by hand, and a command after it."""
    if machine.manager == "brew":
        return f"brew {verb} container && {command}"
    return f"{verb} {_RELEASES}, then: {command}"


def _call(machine: Machine, verbs: Mapping[Manager, str], things: Iterable[str]) -> str:
    verb = verbs.get(machine.manager)
    if verb is None:
        return ""
    names = " ".join(_PACKAGES.get(thing, {}).get(machine.manager, thing) for thing in things)
    return f"{verb} {names}" if machine.manager == "brew" else as_root(machine, f"{verb} {names}")


def start_service() -> str:
    """Apple's service; without a kernel flag it may ask on standard input."""
    return "container system start --enable-kernel-install"


def restart_service() -> str:
    """Apple's service, with the program that is installed now."""
    return f"container system stop && {start_service()}"


def start_docker(machine: Machine, endpoint: str) -> str:
    """Start the docker daemon, or go back to it where the environment points elsewhere."""
    if endpoint:
        return "unset DOCKER_HOST"
    if machine.system == "darwin":
        return "open -a Docker"
    return as_root(machine, "systemctl enable --now docker" if machine.systemd else "service docker start")


def start_podman(endpoint: str) -> str:
    """Make podman answer where it is a client only."""
    return "unset CONTAINER_HOST" if endpoint else "podman machine start"


def recreate(projects: Iterable[str], home: str) -> str:
    """Make containers anew from what is current; their projects are not touched."""
    return " && ".join(f"contenant run --recreate {shell_path(path, home)} -- true" for path in projects)


def shell_path(path: str, home: str) -> str:
    """A path for a shell, the home directory as an unquoted `~`."""
    base = home.rstrip("/")
    if base and path.startswith(f"{base}/"):
        return f"~/{shlex.quote(path[len(base) + 1 :])}"
    return shlex.quote(path)
