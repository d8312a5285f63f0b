"""The agent's home: kept per project on the host, filled with the user's customisations at each start.

The agent can write its part of it, so nothing there is followed or trusted here.
"""

import errno
import json
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from contenant import files
from contenant.errors import StateError
from contenant.home import drop, links
from contenant.home.customisations import collect
from contenant.home.identity import GITCONFIG, Identity, gitconfig
from contenant.home.layout import OWN
from contenant.home.readonly import mirror
from contenant.home.state import Filtered, filter_settings, merge_settings, seed_state
from contenant.paths import ensure_private

_MAX_JSON = 32 * 1024**2  # bytes; the agent's state holds a line for each project's history


class Wanted(NamedTuple):
    """What the home shall be like."""

    claude_dir: Path  # the host's Claude Code directory
    sync: tuple[str, ...]  # the parts of it to carry (setting home.sync)
    project: str  # the project's path in the container
    identity: Identity
    owner: tuple[int, int]  # the agent's uid and gid


class Report(NamedTuple):
    """What happened, a line for each thing: it stayed on the host, or it gave way."""

    notes: tuple[str, ...]
    news: tuple[str, ...]  # those that were not told at the last start
    settings_left_out: tuple[str, ...]  # names in the user's settings.json


def prepare(home: Path, wanted: Wanted) -> Report:
    """Make or refresh the home; nothing the agent wrote is lost. Call it under the container's lock.

    Raises StateError where the home cannot be written.
    """
    try:
        return _prepare(home, wanted)
    except OSError as error:
        raise StateError(
            f"the agent's home {home} cannot be made ready: {error.strerror or error}",
            hint="see that the directory and all in it are yours to write",
        ) from error


def _prepare(home: Path, wanted: Wanted) -> Report:
    agent, host = home / "agent", home / "host"
    ensure_private(home)
    ensure_private(agent)
    host.mkdir(exist_ok=True)
    drop.prepare(home, wanted.owner)
    notes = list(links.make_directory(agent, "ssh"))
    user, trouble = _user_settings(wanted)
    script = (user.script,) if user.script else ()
    collected = collect(wanted.claude_dir, wanted.sync, script)
    mirrored = mirror(host, collected.files, {GITCONFIG: gitconfig(wanted.identity, wanted.project)})
    notes += [*trouble, *collected.notes, *mirrored.notes]
    notes += links.link(agent, _linked(mirrored.names))
    settings = _without_lost_script(user, mirrored.names)
    past = _past(home)
    seeded = past.get("settings")
    before = seeded if isinstance(seeded, dict) else {}
    owner = wanted.owner if os.getuid() == 0 else None
    notes += _seed(home, "settings.json", owner, lambda here: _merged(before, settings, here))
    notes += _seed(home, ".claude.json", owner, lambda here: seed_state(here or {}, wanted.project))
    if owner is not None:
        links.give(agent, owner)
    elif wanted.owner[0] != os.getuid():
        notes.append(f"the agent has the project's uid {wanted.owner[0]}, not yours: it cannot keep anything")
    return _report(home, past, settings, notes, user.left_out)


def _past(home: Path) -> dict[str, Any]:
    """What the last start left behind for this one; a damaged file only makes it forget."""
    try:
        return _read_object(home / "seeded.json") or {}
    except ValueError:
        return {}


def _report(
    home: Path,
    past: Mapping[str, Any],
    settings: Mapping[str, Any],
    notes: list[str],
    left_out: tuple[str, ...],
) -> Report:
    told = past.get("told")
    known = set(told) if isinstance(told, list) else set()
    record = {"settings": settings, "told": sorted(set(notes))}
    if record != past:
        files.replace(home / "seeded.json", _as_json(record))
    return Report(tuple(notes), tuple(note for note in notes if note not in known), left_out)


def _linked(names: frozenset[str]) -> list[str]:
    """What Claude Code looks for in its own directory; plugins and our own part are found elsewhere."""
    return [name for name in names if name.partition("/")[0] not in ("plugins", OWN)]


def _user_settings(wanted: Wanted) -> tuple[Filtered, tuple[str, ...]]:
    path = wanted.claude_dir / "settings.json"
    if "settings.json" not in wanted.sync:
        return Filtered({}, (), ""), ()
    try:
        found = _read_object(path, follow=True)
    except (ValueError, OSError) as error:
        return Filtered({}, (), ""), (f"settings.json stays on the host: {error}",)
    return filter_settings(found or {}, str(wanted.claude_dir)), ()


def _without_lost_script(user: Filtered, names: frozenset[str]) -> dict[str, Any]:
    """A status line whose script was not carried would fail at each turn."""
    lost = bool(user.script) and user.script not in names
    return {name: value for name, value in user.settings.items() if not (lost and name == "statusLine")}


def _merged(
    before: Mapping[str, Any], wanted: Mapping[str, Any], here: Mapping[str, Any] | None
) -> dict[str, Any]:
    """What was put there before counts only while the file is there."""
    return merge_settings({} if here is None else before, wanted, here or {})


def _seed(
    home: Path,
    name: str,
    owner: tuple[int, int] | None,
    change: Callable[[Mapping[str, Any] | None], dict[str, Any]],
) -> tuple[str, ...]:
    """Change a JSON file of the agent's; one that is none any more is moved aside first."""
    path = home / "agent" / name
    notes: tuple[str, ...] = ()
    try:
        current = _read_object(path)
    except ValueError:
        current, notes = None, links.move_aside(home / "agent", name)
    changed = change(current)
    if changed != current:
        files.replace(path, _as_json(changed), draft=home / "draft", owner=owner)
    return notes


def _read_object(path: Path, *, follow: bool = False) -> dict[str, Any] | None:
    """A JSON object, None where there is no file.

    Raises ValueError, with a reason, for anything else that stands there; OSError where it cannot be read.
    """
    try:
        data = files.read(path, _MAX_JSON, follow=follow)
        found = None if data is None else json.loads(data)
    except OSError as error:
        if isinstance(error, files.NotPlainError) or error.errno == errno.ELOOP:
            raise ValueError(error.strerror) from None
        raise
    except (ValueError, RecursionError):
        raise ValueError("it is not valid JSON") from None
    if found is not None and not isinstance(found, dict):
        raise ValueError("it is not a JSON object")
    return found


def _as_json(data: Mapping[str, Any]) -> bytes:
    return json.dumps(data, indent=2, ensure_ascii=False).encode("utf-8", "surrogatepass")


def signed_in(home: Path) -> bool:
    """Whether somebody logged in inside the container: that login is the project's own and comes first."""
    try:
        found = _read_object(home / "agent" / ".credentials.json")
    except (ValueError, OSError):
        return False
    return bool(found and found.get("claudeAiOauth"))


def remove(home: Path) -> None:
    """Delete the home with every transcript in it. Nothing happens when there is none. Raises StateError."""
    try:
        shutil.rmtree(home)
    except FileNotFoundError:
        return
    except OSError as error:
        raise StateError(
            f"the agent's home {home} cannot be removed: {error.strerror}", hint="remove it by hand"
        ) from error
