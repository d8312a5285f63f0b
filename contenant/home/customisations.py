"""Which files of the host's Claude Code directory are carried into the container.

An *item* is a file, or one child of a directory such as `skills/review`. The user's own links are followed,
as from a directory of dotfiles; a link deeper inside an item, which may be somebody else's work, only within
it. What stays behind is named. Reads names, sizes and times; what a file holds is looked at in `readonly`.
"""

import os
import re
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from contenant import files
from contenant.core.settings_values import NEVER_CARRIED

MAX_FILE = 8 * 1024**2  # bytes
MAX_ITEM_FILES, MAX_ITEM_BYTES = 5000, 64 * 1024**2
MAX_FILES, MAX_BYTES = 20_000, 256 * 1024**2
_SKIPPED = frozenset({".git", ".hg", ".jj", ".svn", ".DS_Store", "__pycache__", "node_modules", ".venv"})
_MADE_ELSEWHERE = "settings.json"  # merged into the agent's own, see `state`
_SECRET_PLACES = frozenset(
    {".ssh", ".gnupg", ".aws", ".azure", ".kube", ".docker", ".gcloud", ".password-store", "keychains"}
)
_SECRET_NAME = re.compile(
    r"(id_(rsa|dsa|ecdsa|ed25519).*|.*\.(pem|key|p12|pfx|jks|keystore|kdbx|ppk)|\.netrc|\.npmrc|\.pypirc"
    r"|\.env(\.(?!example|sample|template|dist).*)?|\.git-credentials|\.?credentials(\.json|\.toml|\.ya?ml)?"
    r"|.*service[-_]account.*\.json|secrets?\.(json|toml|ya?ml|env|txt)|.*\.tfstate)",
    re.IGNORECASE,
)
_IMPORT = re.compile(r"(?:^|\s)@((?:~/\.claude/|\./)?\w[\w./-]*)", re.ASCII)


class SourceFile(NamedTuple):
    """A file to carry, as it was when it was found."""

    path: str
    size: int  # bytes
    changed: int  # nanoseconds
    executable: bool


class Collected(NamedTuple):
    """What to carry, by its path below the directory, and a word about each thing that stays behind."""

    files: dict[str, SourceFile]
    notes: tuple[str, ...]


class _LeftOutError(Exception):
    """Why something stays behind."""


def collect(claude_dir: Path, names: Sequence[str], more_items: Sequence[str] = ()) -> Collected:
    """The files of the named parts, those that CLAUDE.md imports from the same directory, and more items."""
    found: dict[str, SourceFile] = {}
    notes: list[str] = []
    for item in (*_items(claude_dir, names), *more_items):
        try:
            more = _item(claude_dir, item, notes)
            _refuse_too_much(found, more)
        except _LeftOutError as error:
            notes.append(f"{item} stays on the host: {error}")
        except OSError as error:
            notes.append(f"{item} stays on the host: {error.strerror}")
        else:
            found |= more
    return Collected(found, tuple(notes))


def _refuse_too_much(present: dict[str, SourceFile], more: dict[str, SourceFile]) -> None:
    total = sum(file.size for part in (present, more) for file in part.values())
    if len(present) + len(more) > MAX_FILES or total > MAX_BYTES:
        raise _LeftOutError("together the customisations are too large")


def _items(claude_dir: Path, names: Sequence[str]) -> Iterator[str]:
    for name in names:
        if name == "plugins":
            yield from _plugin_items(claude_dir)
        elif (claude_dir / name).is_dir():
            yield from _below(claude_dir, name)
        elif os.path.lexists(claude_dir / name) and name != _MADE_ELSEWHERE:
            yield name
    if "CLAUDE.md" in names:
        yield from _imports(claude_dir)


def _plugin_items(claude_dir: Path) -> Iterator[str]:
    """What Claude Code reads of a seed directory for plugins (its documentation of plugin marketplaces)."""
    for name in ("known_marketplaces.json", "installed_plugins.json"):
        if (claude_dir / "plugins" / name).is_file():
            yield f"plugins/{name}"
    yield from _below(claude_dir, "plugins/marketplaces")
    yield from _below(claude_dir, "plugins/cache")


def _below(claude_dir: Path, name: str) -> Iterator[str]:
    try:
        children = sorted(os.listdir(claude_dir / name))  # noqa: PTH208 - names
    except OSError:
        return
    yield from (f"{name}/{child}" for child in children if child not in _SKIPPED)


def _imports(claude_dir: Path) -> Iterator[str]:
    """Files that CLAUDE.md imports from its own directory; others are the host's and stay there."""
    try:
        data = files.read(claude_dir / "CLAUDE.md", MAX_FILE, follow=True) or b""
    except OSError:
        return
    for match in _IMPORT.finditer(data.decode("utf-8", "replace")):
        name = os.path.normpath(match[1].removeprefix("~/.claude/"))
        private = name.startswith((".", "/")) or name.partition("/")[0] in NEVER_CARRIED
        if not private and name != _MADE_ELSEWHERE and (claude_dir / name).is_file():
            yield name


def _item(claude_dir: Path, item: str, notes: list[str]) -> dict[str, SourceFile]:
    real = os.path.realpath(claude_dir / item)
    _refuse_secret(item, real)
    try:
        status = os.stat(real)  # noqa: PTH116 - a text is at hand
    except FileNotFoundError:
        raise _LeftOutError("it is a link that leads nowhere") from None
    if not stat.S_ISDIR(status.st_mode):
        return {item: _file(real, status)}
    found: dict[str, SourceFile] = {}
    size = 0
    for name, file in _walk(real, real, item, notes, {(status.st_dev, status.st_ino)}):
        found[name] = file
        size += file.size
        if len(found) > MAX_ITEM_FILES or size > MAX_ITEM_BYTES:
            limit = f"{MAX_ITEM_FILES} files or {MAX_ITEM_BYTES // 1024**2} MiB"
            raise _LeftOutError(f"it is larger than {limit}")
    return found


def _walk(
    root: str, directory: str, name: str, notes: list[str], seen: set[tuple[int, int]]
) -> Iterator[tuple[str, SourceFile]]:
    with os.scandir(directory) as listing:
        entries = sorted(
            (entry for entry in listing if entry.name not in _SKIPPED), key=lambda entry: entry.name
        )
    for entry in entries:
        shown = f"{name}/{entry.name}"
        try:
            real, status = _look(root, entry, shown)
            if stat.S_ISDIR(status.st_mode):
                if (mark := (status.st_dev, status.st_ino)) not in seen:
                    seen.add(mark)
                    yield from _walk(root, real, shown, notes, seen)
            else:
                yield shown, _file(real, status)
        except _LeftOutError as error:
            notes.append(f"{shown} stays on the host: {error}")
        except OSError as error:
            notes.append(f"{shown} stays on the host: {error.strerror}")


def _look(root: str, entry: os.DirEntry[str], shown: str) -> tuple[str, os.stat_result]:
    if not entry.is_symlink():
        _refuse_secret(shown, entry.path)
        return entry.path, entry.stat(follow_symlinks=False)
    real = os.path.realpath(entry.path)
    if not real.startswith(f"{root}/"):
        raise _LeftOutError("it is a link that leads out of its folder")
    _refuse_secret(shown, real)
    try:
        return real, os.stat(real)  # noqa: PTH116 - as above
    except FileNotFoundError:
        raise _LeftOutError("it is a link that leads nowhere") from None


def _file(real: str, status: os.stat_result) -> SourceFile:
    if not stat.S_ISREG(status.st_mode):
        raise _LeftOutError("it is neither a file nor a directory")
    if status.st_size > MAX_FILE:
        raise _LeftOutError(f"it is larger than {MAX_FILE // 1024**2} MiB")
    return SourceFile(real, status.st_size, status.st_mtime_ns, bool(status.st_mode & 0o100))


def _refuse_secret(name: str, real: str) -> None:
    last = {name.rpartition("/")[2], real.rpartition("/")[2]}
    if any(_SECRET_NAME.fullmatch(part) for part in last):
        raise _LeftOutError("its name is that of a secret")
    if not _SECRET_PLACES.isdisjoint(real.lower().split("/")):
        raise _LeftOutError("it lies where secrets are kept")
