"""What the agent's own files shall say: its state, and the user's settings merged into its settings. Pure."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from contenant.home.layout import HOST_TARGET

# What a user's settings say about style and behaviour. All else stays on the host: hooks, helpers, variables
# and sandbox run programs of the host or hold secrets; permissions but `deny` would only ask in vain.
CARRIED_SETTINGS = frozenset(
    {"alwaysThinkingEnabled", "attribution", "autoCompactEnabled", "awaySummaryEnabled", "editorMode"}
    | {
        "effortLevel",
        "enabledPlugins",
        "fastMode",
        "includeCoAuthoredBy",
        "includeGitInstructions",
        "language",
    }
    | {"model", "outputStyle", "preferredNotifChannel", "prefersReducedMotion", "respectGitignore"}
    | {"showThinkingSummaries", "showTurnDuration", "spinnerTipsEnabled", "spinnerVerbs"}
    | {"syntaxHighlightingDisabled", "terminalProgressBarEnabled", "theme", "tui", "verbose", "viewMode"}
)
_HOST_PATH = re.compile(
    r"(?:~|\$HOME|\$\{HOME\}|/Users|/home|/root|/opt/homebrew|/Applications|/Library)(?:/|\b)"
)
_SCRIPT = re.compile(r"[\w.-]+(?:/[\w.-]+)?")
_MISSING = object()


class Filtered(NamedTuple):
    """Settings fit for the container, what was left out, and a script of the user's that they call."""

    settings: dict[str, Any]
    left_out: tuple[str, ...]
    script: str  # below the Claude Code directory, "" for none


def filter_settings(settings: Mapping[str, Any], claude_dir: str) -> Filtered:
    """The user's settings without anything that runs, names or opens something of the host."""
    kept: dict[str, Any] = {}
    for name in CARRIED_SETTINGS & settings.keys():
        if not _mentions_host(settings[name]):
            kept[name] = settings[name]
    if deny := _denied(settings.get("permissions")):
        kept["permissions"] = {"deny": deny}
    line, script = _status_line(settings.get("statusLine"), claude_dir)
    if line:
        kept["statusLine"] = line
    left_out = sorted(name for name in settings if name not in kept and name != "$schema")
    return Filtered(kept, tuple(left_out), script)


def _mentions_host(value: Any) -> bool:
    if isinstance(value, str):
        return bool(_HOST_PATH.search(value))
    if isinstance(value, Mapping):
        return any(_mentions_host(part) for pair in value.items() for part in pair)
    return isinstance(value, list) and any(_mentions_host(part) for part in value)


def _denied(permissions: Any) -> list[str]:
    deny = permissions.get("deny") if isinstance(permissions, Mapping) else None
    return [rule for rule in deny if isinstance(rule, str)] if isinstance(deny, list) else []


def _status_line(line: Any, claude_dir: str) -> tuple[dict[str, Any], str]:
    """The status line's command, if it is a script in the Claude Code directory or needs no path at all."""
    command = line.get("command") if isinstance(line, Mapping) else None
    if not isinstance(command, str):
        return {}, ""
    script = ""
    for prefix in ("~/.claude/", "$HOME/.claude/", "${HOME}/.claude/", f"{claude_dir.rstrip('/')}/"):
        if prefix in command:
            before, _, rest = command.partition(prefix)
            match = _SCRIPT.match(rest)
            script = match[0] if match else ""
            command = f"{before}{HOST_TARGET}/{rest}"
            break
    if _mentions_host(command) or ".." in command:
        return {}, ""
    return {**line, "command": command}, script


def merge_settings(
    seeded: Mapping[str, Any], wanted: Mapping[str, Any], current: Mapping[str, Any]
) -> dict[str, Any]:
    """The agent's settings after the user's changed: three-way, key by key.

    `seeded` is what was put there last time. What was changed inside the container stands; the rest follows
    the host.
    """
    merged = dict(current)
    for name in seeded.keys() | wanted.keys():
        before, now, here = (side.get(name, _MISSING) for side in (seeded, wanted, current))
        if here != before or now == before:
            continue
        if now is _MISSING:
            del merged[name]
        else:
            merged[name] = now
    return merged


def seed_state(current: Mapping[str, Any], project: str) -> dict[str, Any]:
    """`.claude.json` with what lets the agent start at its prompt, and everything it wrote itself.

    The keys were found out with Claude Code 2.1.197 and 2.1.330; trust must name the project's very path.
    """
    projects = current.get("projects")
    known = dict(projects) if isinstance(projects, Mapping) else {}
    own = known.get(project)
    seeds = {"hasClaudeMdExternalIncludesApproved": False, "hasClaudeMdExternalIncludesWarningShown": True}
    known[project] = (
        seeds | (dict(own) if isinstance(own, Mapping) else {}) | {"hasTrustDialogAccepted": True}
    )
    return {**current, "hasCompletedOnboarding": True, "hasSeenAutoDefaultNudge": True, "projects": known}
