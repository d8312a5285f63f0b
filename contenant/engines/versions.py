"""Which versions of the engines are supported, and where a newer one comes from."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from contenant.core.values import EngineName
from contenant.errors import EngineUnavailableError

Version = tuple[int, int, int]


class Gate(NamedTuple):
    """The oldest version that will do, why, and how to get one; hints by `sys.platform`, "" for any other."""

    minimum: Version
    reason: str
    install: Mapping[str, str]
    upgrade: Mapping[str, str]


_APT = "sudo apt-get install"

GATES: Mapping[EngineName, Gate] = {
    "container": Gate(
        (0, 12, 0),
        "before it every process had all capabilities, so nothing would hold the agent",
        {
            "darwin": "install Apple's container 1.0 or newer from its releases page on GitHub",
            "": "Apple's container runs on macOS only; use podman or docker",
        },
        {"": "install a newer one, then `container system stop && container system start`"},
    ),
    "podman": Gate(
        (4, 0, 0),
        "it is the first with the options contenant uses",
        {"linux": f"{_APT} podman (or your distribution's own command)", "": "install podman"},
        {
            "linux": "upgrade podman; Debian 12, Ubuntu 24.04 and Fedora 36 ship a newer one",
            "": "upgrade podman",
        },
    ),
    "docker": Gate(
        (20, 10, 0),
        "it is the first with the options contenant uses",
        {"linux": f"{_APT} docker.io (or your distribution's own command)", "": "install docker"},
        {"": "upgrade docker, both the client and the daemon"},
    ),
}


def parse_version(text: str) -> Version | None:
    """The first `major.minor[.patch]` in a text, suffixes ignored (`1.2.2-35-g899081d`); None without one."""
    match = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?", text)
    return (int(match[1]), int(match[2]), int(match[3] or 0)) if match else None


def short(text: str) -> str:
    """`1.2.2` of a longer version text, or the text itself."""
    version = parse_version(text)
    return ".".join(map(str, version)) if version else text.strip()


def hint_for(hints: Mapping[str, str], platform: str) -> str:
    return hints.get(platform) or hints[""]


def require(name: EngineName, text: str, platform: str, *, part: str = "") -> None:
    """Raise EngineUnavailableError when a version text is older than supported, or is none.

    `part` says which side it is of, such as "daemon".
    """
    gate, found = GATES[name], parse_version(text)
    who = f"{name} {part}".strip()
    if found is None:
        raise EngineUnavailableError(
            f"{who}: cannot read a version in {text.strip()[:80]!r}",
            hint=f"is `{name}` on PATH the real one? See `{name} --version`",
        )
    if found < gate.minimum:
        wanted = ".".join(map(str, gate.minimum))
        raise EngineUnavailableError(
            f"{who} is {short(text)}, contenant needs {wanted} or newer: {gate.reason}",
            hint=hint_for(gate.upgrade, platform),
        )
