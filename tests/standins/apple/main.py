"""The command line: finds the subcommand, parses, validates, applies the modes, asks whether the service is
there, acts.

Exit codes: 0; 1 for what is thrown; 64 for what cannot be parsed or validated; 70 when the stand-in is
set up wrongly.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
import time
from collections.abc import Callable
from typing import NamedTuple

from . import grammar
from .call import Call, complain, hang
from .commands import COMMANDS, GROUP_ALIASES
from .errors import SERVICE_DOWN, UNDECODABLE, AppleError, CleanExit, ExitCode, ParseError
from .grammar import Command
from .podman import Podman, PodmanError
from .settings import Settings, SetupError, read
from .state import Store

HANDLERS = {
    "run": "create:run",
    "create": "create:create",
    "start": "process:start",
    "stop": "lifecycle:stop",
    "kill": "lifecycle:kill",
    "delete": "lifecycle:delete",
    "exec": "process:exec_process",
    "prune": "lifecycle:prune",
    "clean": "lifecycle:clean",
    "list": "listing:list_containers",
    "inspect": "listing:inspect",
    "logs": "listing:logs",
    "stats": "listing:stats",
    "copy": "copying:copy",
    "export": "listing:export",
    "build": "build:build",
    "builder start": "builder:start",
    "builder status": "builder:status",
    "builder stop": "builder:stop",
    "builder delete": "builder:delete",
    "image list": "images:list_images",
    "image inspect": "images:inspect",
    "image delete": "images:delete",
    "image tag": "images:tag",
    "image pull": "images:pull",
    "image push": "images:push",
    "image save": "images:save",
    "image load": "images:load",
    "image prune": "images:prune",
    "system start": "system:start",
    "system stop": "system:stop",
    "system status": "system:status",
    "system version": "system:version",
    "system df": "system:disk_usage",
    "system logs": "system:logs",
    "system dns create": "system:dns_create",
    "system dns delete": "system:dns_delete",
    "system dns list": "system:dns_list",
    "system kernel set": "system:kernel_set",
    "system property list": "system:property_list",
    "system property get": "system:property_get",
    "system property set": "system:property_set",
    "system property clear": "system:property_clear",
    "network create": "networks:create",
    "network list": "networks:list_networks",
    "network inspect": "networks:inspect",
    "network delete": "networks:delete",
    "network prune": "networks:prune",
    "volume create": "volumes:create",
    "volume list": "volumes:list_volumes",
    "volume inspect": "volumes:inspect",
    "volume delete": "volumes:delete",
    "volume prune": "volumes:prune",
    "registry list": "system:nothing_to_list",
    "registry login": "system:login",
    "registry logout": "system:login",
    "machine list": "system:nothing_to_list",
}
VALIDATORS = {
    "run": "create:validate",
    "create": "create:validate",
    "build": "build:validate",
    "stop": "lifecycle:validate",
    "kill": "lifecycle:validate",
    "delete": "lifecycle:validate",
    "system start": "system:validate_start",
    "system kernel set": "system:validate_kernel",
}
ROOT = Command((), "A container platform for macOS", (grammar.Option(("--debug",), "debug", "flag"),))
PLUGIN_PLACES = "Check to see that the plugin exists under:\n  - /usr/local/libexec/container-plugins/{0}\n"


class Found(NamedTuple):
    """The subcommand and the words that are its own."""

    command: Command
    words: list[str]


def function(spec: str) -> Callable[[Call], int]:
    """The function that `module:name` names."""
    module, _, name = spec.partition(":")
    found: Callable[[Call], int] = getattr(importlib.import_module(f".{module}", __package__), name)
    return found


def available(settings: Settings) -> list[Command]:
    """The subcommands of the release; on macOS 15 there is no network group."""
    without = {"network"} if settings.modes.on("macos15") else set()
    return [one for one in COMMANDS if grammar.known(one, settings.version) and one.path[0] not in without]


def plugin_failure(settings: Settings, word: str) -> ParseError:
    """What a word that is no subcommand gives: it is looked up as a plugin (DefaultCommand)."""
    places = PLUGIN_PLACES.format(word)
    if not Store(settings).read()["service"]["running"]:
        return ParseError(
            "Plugins are unavailable. Start the container system services and retry:\n\n"
            f"    container system start\n\n{places}"
        )
    return ParseError(
        f"Plugin 'container-{word}' not found.\n\n"
        "- If system services are not running, start them with: container system start\n"
        f"- If the plugin isn't installed, ensure it exists under:\n\n{places}"
    )


def group_help(commands: list[Command], prefix: tuple[str, ...]) -> CleanExit:
    """The help page of a group."""
    names = dict.fromkeys(one.path[len(prefix)] for one in commands if one.path[: len(prefix)] == prefix)
    title = " ".join(("container", *prefix))
    return CleanExit(
        f"OVERVIEW: {title}\n\nUSAGE: {title} <subcommand>\n\nSUBCOMMANDS:\n  " + "\n  ".join(names)
    )


def descend(settings: Settings, words: list[str]) -> Found:
    """Walk the words down to a subcommand. Raises CleanExit and ParseError."""
    commands = available(settings)
    prefix: tuple[str, ...] = ()
    rest = list(words)
    while True:
        word = rest.pop(0) if rest else ""
        if word == "--debug":
            continue
        if word in ("", "-h", "--help", "help"):
            raise group_help(commands, prefix)
        if word == "--version":
            raise CleanExit(grammar.version_line(settings.version))
        here = [one for one in commands if one.path[: len(prefix)] == prefix]
        name = GROUP_ALIASES.get(word, word) if not prefix else word
        exact = [
            one for one in here if len(one.path) == len(prefix) + 1 and word in (one.path[-1], *one.aliases)
        ]
        if exact:
            return Found(exact[0], rest)
        if any(len(one.path) > len(prefix) + 1 and one.path[len(prefix)] == name for one in here):
            prefix = (*prefix, name)
            continue
        raise stray(settings, prefix, word)


def stray(settings: Settings, prefix: tuple[str, ...], word: str) -> ParseError:
    """The error for a word that leads nowhere."""
    if word.startswith("-"):
        return ParseError(f"unknown option '{word}'" if not prefix else f"Unknown option '{word}'")
    return plugin_failure(settings, word) if not prefix else ParseError(f"Unexpected argument '{word}'")


def vanish(call: Call, verb: str) -> None:
    """Containers whose time has come go, once each."""
    for one in call.settings.modes.vanish:
        key = f"{one.name}@{one.verb}"
        if one.verb and one.verb != verb:
            continue
        with call.store.transaction() as state:
            if key in state["vanished"] or one.name not in state["containers"]:
                continue
            state["vanished"].append(key)
            importlib.import_module(".boot", __package__).forget(call, state, one.name)


def apply_modes(call: Call, command: Command) -> None:
    """The deliberate disorders, before anything is done. Raises AppleError when the service is not there."""
    modes = call.settings.modes
    if modes.on("wedged"):
        hang(call.settings)
    time.sleep(modes.slow)
    if modes.vanish:
        vanish(call, command.path[-1])
    if command.service:
        service = call.store.read()["service"]
        if not service["running"]:
            raise AppleError(SERVICE_DOWN, "interrupted")
        if command.ping and not service["decodable"]:
            raise AppleError(UNDECODABLE, "internalError")


def act(settings: Settings, found: Found) -> int:
    """Parse and run one subcommand; its exit code. Raises what goes wrong."""
    args = grammar.Parser(found.command, settings.version).parse(found.words)
    call = Call(settings, args, Store(settings), Podman(settings), os.environ)
    title = " ".join(found.command.path)
    if title in VALIDATORS:
        function(VALIDATORS[title])(call)
    apply_modes(call, found.command)
    return function(HANDLERS[title])(call)


def report(settings: Settings, command: Command, error: Exception) -> int:
    """Print what went wrong as Apple prints it; the exit code."""
    if isinstance(error, CleanExit):
        sys.stdout.write(error.text + "\n")
        return 0
    if isinstance(error, ExitCode):
        return error.code
    if isinstance(error, ParseError):
        abstract = f"Help:  {error.abstract}\n" if error.abstract else ""
        complain(f"Error: {error.message}\n{abstract}{grammar.usage(command, settings.version)}")
        return 64
    if isinstance(error, AppleError):
        bare = settings.at_least(0, 10) or error.message == SERVICE_DOWN
        complain(f"Error: {error.message if bare else error.described()}")
        return 1
    complain(f"Error: internalError: {error}")
    return 1


def main(words: list[str]) -> int:
    """Run one call; the exit code."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda sig, _frame: os._exit(128 + sig))
    command = ROOT
    needs_nothing = words in (["--version"], ["--help"], ["-h"])
    try:
        settings = read(os.environ, need_home=not needs_nothing)
    except SetupError as error:
        complain(f"stand-in: {error}")
        return 70
    try:
        found = descend(settings, words)
        command = found.command
        return act(settings, found)
    except (CleanExit, ExitCode, ParseError, AppleError, PodmanError) as error:
        return report(settings, command, error)
    finally:
        sys.stdout.flush()
