"""Which engine: flag, else what the project was made with, else the setting, else what is there."""

from collections.abc import Callable
from typing import NamedTuple

from contenant.core.values import ENGINE_NAMES, EngineName
from contenant.engines.base import Engine
from contenant.errors import ConfigError, EngineError, EngineUnavailableError


class Choice(NamedTuple):
    """An engine and why it is this one."""

    name: EngineName
    reason: str


def choose(
    flag: str | None,
    recorded: str | None,
    setting: str | None,
    platform: str,
    which: Callable[[str], str | None],
) -> Choice:
    """Decide; None and "" mean "not given". `platform` as in sys.platform, `which` as shutil.which.

    Raises ConfigError on an unknown name and EngineUnavailableError when nothing is installed.
    """
    for given, reason in (
        (flag, "asked for with --engine"),
        (recorded, "the project's container was made with it"),
        (setting, "set by CONTENANT_ENGINE or the configuration"),
    ):
        if given:
            return Choice(check_name(given), reason)
    return _automatic(platform, which)


def check_name(text: str) -> EngineName:
    """An engine's name, or ConfigError."""
    for name in ENGINE_NAMES:
        if text == name:
            return name
    raise ConfigError(f"no such engine: {text!r}", hint=f"one of {', '.join(ENGINE_NAMES)}")


def _automatic(platform: str, which: Callable[[str], str | None]) -> Choice:
    order: tuple[EngineName, ...] = ("podman", "docker")
    if platform == "darwin":
        order = ("container", *order)
    for name in order:
        if which(name):
            later = order[order.index(name) + 1 :]
            why = f"preferred to {' and '.join(later)}" if later else "nothing else is installed"
            return Choice(name, f"found on PATH, {why}")
    hint = (
        "install Apple's container from its releases page on GitHub, then `container system start`"
        if platform == "darwin"
        else "sudo apt-get install podman (or your distribution's own command)"
    )
    raise EngineUnavailableError(f"no container engine found (looked for {', '.join(order)})", hint=hint)


def make(name: EngineName, *, runtime: str = "") -> Engine:
    """The adapter. `runtime` is the OCI runtime for podman, "" for its own choice; others have no choice."""
    match name:  # imported when chosen: each start pays for one
        case "podman":
            from contenant.engines import podman

            return podman.connect(runtime)
        case "docker":
            from contenant.engines import docker

            return docker.connect()
        case "container":
            from contenant.engines import apple

            return apple.connect()


def find_working_runtime(name: EngineName) -> str:
    """After an OciRuntimeError: the OCI runtime to `make` the engine with, "" for the engine's own choice.

    Raises EngineError when none works.
    """
    if name != "podman":
        raise EngineError(f"{name} has no other OCI runtime to try", hint="see the engine's own log")
    from contenant.engines import podman

    return podman.find_working_runtime()
