"""The way back: files of the project by which something in the container could run something on the host.

A snapshot of them is taken before a session and after it; what appeared, changed or went is a finding. In
strict mode those that exist are mounted read-only as well. Pure: snapshots are taken by `contenant.scan`.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

from contenant.core.settings import ProtectMode
from contenant.core.values import EngineName

Happened = Literal["appeared", "changed", "removed"]
Level = Literal["danger", "note"]
EntryKind = Literal["file", "link", "other"]


class Watch(NamedTuple):
    """A path that is watched: a file, or a directory with all in it."""

    path: str  # below a directory of the project
    why: str  # "direnv runs it on entering the directory"
    level: Level = "danger"
    shield: bool = False  # strict mode mounts it read-only where it exists


_GIT, _CLAUDE = "git on the host runs or obeys it", "Claude Code on the host obeys it"
_JJ = "jj on the host obeys it"
_EDITOR, _TOOL = "an editor on the host may run what it says", "a tool on the host may run what it says"
_SHELL = "a shell on the host may read it"

# The first match counts. Claude Code's own list of protected paths, and what else is known to be run unasked.
WATCHED: tuple[Watch, ...] = (
    Watch(".git/hooks", "git on the host runs it", shield=True),
    Watch(".git/config", _GIT, shield=True),
    *(Watch(f".git/{name}", _GIT) for name in ("config.worktree", "commondir", "info/attributes")),
    *(Watch(name, _GIT) for name in (".gitmodules", ".gitattributes", ".gitconfig", ".config/git")),
    *(Watch(f".jj/repo/{name}", _JJ) for name in ("config.toml", "store/git_target", "workspace_store")),
    Watch(".jj/repo/store/git/config", _GIT, shield=True),
    Watch(".jj/repo/store/git/hooks", "git on the host runs it", shield=True),
    *(Watch(f".claude/{name}", _CLAUDE, shield=True) for name in ("settings.json", "settings.local.json")),
    Watch(".claude/hooks", "Claude Code on the host runs it", shield=True),
    *(Watch(f".claude/{part}", _CLAUDE, "note") for part in (
        "skills", "commands", "agents", "rules", "plugins", "output-styles", "workflows")),
    Watch(".mcp.json", "Claude Code on the host starts the servers it names", shield=True),
    Watch(".claude.json", _CLAUDE),
    *(Watch(name, _CLAUDE, "note") for name in ("CLAUDE.md", "CLAUDE.local.md", "AGENTS.md")),
    Watch(".contenant.toml", "contenant reads it at the next start", "note"),
    Watch(".envrc", "direnv runs it on entering the directory", shield=True),
    *(Watch(name, _EDITOR, shield=True) for name in (".vscode", ".idea", ".devcontainer")),
    *(Watch(name, _EDITOR) for name in (
        ".devcontainer.json", ".zed", ".cursor", ".fleet", ".nova", ".helix", ".exrc", ".vimrc", ".nvimrc",
        ".nvim.lua", ".lvimrc", ".dir-locals.el")),
    Watch("pyrightconfig.json", _EDITOR, "note"),
    Watch(".husky", "git on the host runs it, by husky", shield=True),
    *(Watch(name, "git on the host runs it, by its hook") for name in (
        ".pre-commit-config.yaml", "lefthook.yml", "lefthook.yaml", ".lefthook.yml", ".lefthook.yaml")),
    *(Watch(name, _TOOL) for name in (
        ".mise.toml", "mise.toml", ".mise", ".tool-versions", ".npmrc", ".yarnrc", ".yarnrc.yml",
        ".yarn/releases", ".yarn/plugins", ".pnp.cjs", ".pnp.loader.mjs", ".pnpmfile.cjs",
        "bunfig.toml", ".cargo", ".mvn", ".bazelrc", "gradle/wrapper", ".ripgreprc", ".gdbinit", ".lldbinit",
        ".pdbrc", ".screenrc", ".tmux.conf")),
    *(Watch(name, _SHELL) for name in (
        ".bashrc", ".bash_profile", ".bash_login", ".profile", ".zshrc", ".zshenv", ".zprofile", ".zlogin")),
)  # fmt: skip
SHIELDED = tuple(watch.path for watch in WATCHED if watch.shield)


class Entry(NamedTuple):
    """One watched file as it was: enough to see a change, nothing to read it from."""

    kind: EntryKind
    digest: str  # of the content, or of where a link leads
    mode: int  # permission bits
    runs: tuple[
        str, ...
    ] = ()  # settings in a git configuration that run something, with a digest: "core.pager=…"


class Snapshot(NamedTuple):
    """The watched files of a project by their path, and what was too much to look at."""

    entries: Mapping[str, Entry]
    beyond: tuple[str, ...] = ()


class Finding(NamedTuple):
    """One difference, for the user and for the record."""

    path: str
    happened: Happened
    level: Level
    why: str

    def text(self) -> str:
        """One line: what happened, and why it matters."""
        return f"{shown(self.path)} {self.happened}: {self.why}"


def shown(path: str) -> str:
    """A path that the agent may have named, without anything a terminal would obey."""
    return "".join(character if character.isprintable() else f"\\x{ord(character):02x}" for character in path)


def compare(before: Snapshot, after: Snapshot) -> tuple[Finding, ...]:
    """What is different, dangers first."""
    findings = [
        finding
        for path in before.entries.keys() | after.entries.keys()
        if (finding := _difference(path, before.entries.get(path), after.entries.get(path)))
    ]
    findings += [
        Finding(path, "changed", "danger", "there is more in it than can be compared now")
        for path in after.beyond
        if path not in before.beyond
    ]
    return tuple(sorted(findings, key=lambda finding: (finding.level != "danger", finding.path)))


def _difference(path: str, before: Entry | None, after: Entry | None) -> Finding | None:
    if before == after or (before is None and after is None):
        return None
    watch = _watch(path)
    if after is None:
        return Finding(path, "removed", "note", f"{watch.why}, until it went")
    happened: Happened = "appeared" if before is None else "changed"
    if after.mode & 0o6000 and not (before and before.mode & 0o6000):
        return Finding(path, happened, "danger", "it is set-user-id or set-group-id")
    if after.kind == "link" and (before is None or before != after):
        return Finding(path, happened, watch.level, f"{watch.why}; it is a link now")
    if _is_git_config(path):
        return _config_difference(path, happened, before, after)
    return Finding(path, happened, watch.level, watch.why)


def _config_difference(path: str, happened: Happened, before: Entry | None, after: Entry) -> Finding:
    known = set(before.runs) if before else set()
    new = sorted({item.partition("=")[0] for item in after.runs if item not in known})
    if not new:
        return Finding(path, happened, "note", "nothing new in it makes git run anything")
    names = ", ".join("something unreadable" if name == "?" else shown(name) for name in new[:5])
    return Finding(path, happened, "danger", f"it makes git on the host run something: {names}")


def _is_git_config(path: str) -> bool:
    return _watch(path).why == _GIT and path.rpartition("/")[2] in ("config", "config.worktree", ".gitconfig")


def _watch(path: str) -> Watch:
    """The entry of the table that a path falls under, also deeper in the project."""
    padded = f"/{path}/"
    for watch in WATCHED:
        if f"/{watch.path}/" in padded:
            return watch
    # git's own directories by other names: modules, worktrees, bare repositories
    return Watch(path, _JJ if path.endswith((".jj/repo", ".jj/repo/store/type")) else _GIT)


def effective_mode(setting: ProtectMode, engine: EngineName) -> Literal["strict", "warn", "off"]:
    """What the setting means with an engine: Apple's mounts directories only, so `auto` is `warn` there."""
    if setting == "auto":
        return "warn" if engine == "container" else "strict"
    return setting


def shields(
    mode: Literal["strict", "warn", "off"],
    directories: Sequence[str],
    files: Sequence[str],
    engine: EngineName,
) -> tuple[str, ...]:
    """The paths below the project to mount read-only: those of `SHIELDED` that exist, and only those.

    Nothing is created in the user's project for it, so what does not exist is not shielded but compared.
    """
    if mode != "strict":
        return ()
    return tuple(sorted({*directories, *(() if engine == "container" else files)} & set(SHIELDED)))


def encode(snapshot: Snapshot) -> str:
    """A snapshot as JSON, for a session that outlives the contenant that began it."""
    entries = {path: [*entry[:3], list(entry.runs)] for path, entry in snapshot.entries.items()}
    return json.dumps({"entries": entries, "beyond": list(snapshot.beyond)}, sort_keys=True)


def decode(text: str) -> Snapshot:
    """Undo `encode`. Raises ValueError on anything else."""
    try:
        data = json.loads(text)
        entries = {
            str(path): Entry(kind, str(digest), int(mode), tuple(runs))
            for path, (kind, digest, mode, runs) in data["entries"].items()
        }
        return Snapshot(entries, tuple(data["beyond"]))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("not a snapshot") from error


def summary(findings: Iterable[Finding]) -> dict[str, list[list[str]]]:
    """The findings as data for an event."""
    return {
        "findings": [[finding.path, finding.happened, finding.level, finding.why] for finding in findings]
    }
