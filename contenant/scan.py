"""Takes a snapshot of the files in a project by which the container could reach the host (core.protect).

The agent may be at work in the same directory: nothing is opened through a link, each step goes through an
open directory by name, no pipe is waited for, and there is a limit to everything.
"""

import contextlib
import os
import stat
from collections import deque
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from contenant.core.digest import sha256_hex
from contenant.core.gitconfig import dangerous
from contenant.core.protect import SHIELDED, WATCHED, Entry, Snapshot

MAX_FILES = 4000  # watched files in all
MAX_FOLDERS = 400  # folders of the project that are looked into for watched names
MAX_NAMES = 20_000  # names looked at in one folder
MAX_BYTES = 1024**2  # of one file: beyond, its size and time count as well
MAX_DEPTH = 8  # below a watched directory
PROJECT_DEPTH = 2  # folders below the project's own that are looked into
_PASSED_OVER = frozenset(
    {"node_modules", "target", "dist", "build", "venv", ".venv", "__pycache__", "vendor"}
)
_GIT_BULK = frozenset({"objects", "refs", "logs", "lfs", "rr-cache", "rebase-merge", "index"})
_GIT_PARTS = ("config", "config.worktree", "commondir", "gitdir", "hooks", "info/attributes")
_JJ_PARTS = ("config.toml", "store/git_target", "store/type", "workspace_store")
_BARE = frozenset({"HEAD", "objects", "refs"})


def scan(project: Path, common: str = "", jj: str = "") -> Snapshot:
    """The watched files of a project, and of the repositories that are mounted beside it: git's common
    directory, and jj's.

    Raises OSError where the project itself cannot be opened.
    """
    look = _Look()
    with _opened(str(project), None) as root:
        look.folders(root)
    if common:
        look.repository(common)
    if jj:
        look.workspace(jj)
    return Snapshot(look.entries, tuple(sorted(look.beyond)))


def existing_shields(project: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What strict mode can mount: the directories and the files among `SHIELDED` that are there, no links.

    Raises OSError where the project itself cannot be opened.
    """
    directories, files = [], []
    with _opened(str(project), None) as root:
        for path in SHIELDED:
            with contextlib.suppress(OSError), _parent(root, path) as (parent, name):
                mode = os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode
                if stat.S_ISDIR(mode):
                    directories.append(path)
                elif stat.S_ISREG(mode):
                    files.append(path)
    return tuple(directories), tuple(files)


@contextlib.contextmanager
def _opened(name: str, parent: int | None) -> Iterator[int]:
    last = 0 if parent is None else os.O_NOFOLLOW  # the project's own path is the user's
    handle = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | last, dir_fd=parent)
    try:
        yield handle
    finally:
        os.close(handle)


@contextlib.contextmanager
def _below(root: int, path: str) -> Iterator[int]:
    """A directory below an open one, "" for that one itself. Raises OSError where a part is none."""
    with contextlib.ExitStack() as stack:
        handle = root
        for part in path.split("/") if path else ():
            handle = stack.enter_context(_opened(part, handle))
        yield handle


@contextlib.contextmanager
def _parent(root: int, path: str) -> Iterator[tuple[int, str]]:
    """The open directory that a path's last part is in. Raises OSError where a part is no real directory."""
    above, _, name = path.rpartition("/")
    with _below(root, above) as handle:
        yield handle, name


class _Look:
    """One snapshot on its way."""

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}
        self.beyond: set[str] = set()

    def folders(self, root: int) -> None:
        """The project's own folder, then those below it, the nearest first."""
        waiting = deque([""])
        for _ in range(MAX_FOLDERS):
            if not waiting:
                return
            path = waiting.popleft()
            with contextlib.suppress(OSError), _below(root, path) as handle:
                below = self._folder(handle, f"{path}/" if path else "")
                if path.count("/") + bool(path) < PROJECT_DEPTH:
                    waiting.extend(f"{path}/{name}" if path else name for name in below)
        self.beyond.update(["."] if waiting else [])

    def repository(self, common: str) -> None:
        """A repository that lies elsewhere, by the absolute path of its common directory."""
        try:
            with _opened(common, None) as handle:
                self._git_parts(handle, f"{common}/")
                for part in ("modules", "worktrees"):
                    self._repositories(handle, part, f"{common}/{part}", 0)
        except OSError:
            self.beyond.add(common)

    def workspace(self, repo: str) -> None:
        """A repository of jj's that lies elsewhere, by its absolute path, and git's in it."""
        try:
            with _opened(repo, None) as handle:
                for part in _JJ_PARTS:
                    self._watched(handle, part, f"{repo}/")
                with contextlib.suppress(OSError), _below(handle, "store/git") as store:
                    self._git_parts(store, f"{repo}/store/git/")
        except OSError:
            self.beyond.add(repo)

    def _folder(self, handle: int, prefix: str) -> list[str]:
        """What is watched in one folder. Returns the folders in it that are worth a look."""
        with os.scandir(handle) as listing:
            found = list(islice(listing, MAX_NAMES))
        if len(found) == MAX_NAMES:
            self.beyond.add(prefix.rstrip("/") or ".")
        names = {entry.name for entry in found}
        for watch in WATCHED:
            if watch.path.partition("/")[0] in names:
                self._watched(handle, watch.path, prefix)
        if ".git" in names:
            self._git(handle, ".git", prefix)
        if names >= _BARE:
            self._git_parts(handle, prefix)
        if not prefix:
            self._set_ids(handle, found)
        skipped = _PASSED_OVER | {".git", ".jj", ".claude"}
        return sorted(e.name for e in found if e.is_dir(follow_symlinks=False) and e.name not in skipped)

    def _watched(self, root: int, path: str, prefix: str) -> None:
        """A path of the table. One that is reached through a link is noticed by that link."""
        parts = path.split("/")
        with contextlib.ExitStack() as stack:
            handle, done = root, prefix
            for part in parts[:-1]:
                try:
                    handle = stack.enter_context(_opened(part, handle))
                except OSError:
                    self._entry(handle, part, f"{done}{part}")
                    return
                done += f"{part}/"
            self._tree(handle, parts[-1], f"{done}{parts[-1]}", 0)

    def _tree(self, parent: int, name: str, path: str, depth: int) -> None:
        """A file, or everything in a directory."""
        try:
            mode = os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode
        except OSError:
            return
        if not stat.S_ISDIR(mode):
            self._entry(parent, name, path)
            return
        if depth >= MAX_DEPTH or len(self.entries) >= MAX_FILES:
            self.beyond.add(path)
            return
        with contextlib.suppress(OSError), _opened(name, parent) as handle:
            for child in sorted(os.listdir(handle)):  # noqa: PTH208 - of an open directory
                self._tree(handle, child, f"{path}/{child}", depth + 1)

    def _git(self, parent: int, name: str, prefix: str) -> None:
        """git's directory beyond the table: submodules and worktrees; or the file or link in its place."""
        path = f"{prefix}{name}"
        try:
            with _opened(name, parent) as handle:
                for part in ("modules", "worktrees"):
                    self._repositories(handle, part, f"{path}/{part}", 0)
                hooks = _hooks_path(handle)
            if hooks:
                self._watched(parent, hooks, prefix)
        except OSError:
            self._entry(parent, name, path)

    def _repositories(self, parent: int, name: str, path: str, depth: int) -> None:
        if depth > 4 or len(self.entries) >= MAX_FILES:
            self.beyond.add(path)
            return
        with contextlib.suppress(OSError), _opened(name, parent) as handle:
            names = set(os.listdir(handle))  # noqa: PTH208 - of an open directory
            if "HEAD" in names:
                self._git_parts(handle, f"{path}/")
                names &= {"modules", "worktrees"}
            for child in sorted(names - _GIT_BULK):
                self._repositories(handle, child, f"{path}/{child}", depth + 1)

    def _git_parts(self, handle: int, prefix: str) -> None:
        for part in _GIT_PARTS:
            self._watched(handle, part, prefix)

    def _set_ids(self, root: int, found: list[os.DirEntry[str]]) -> None:
        for entry in found:
            with contextlib.suppress(OSError):
                mode = entry.stat(follow_symlinks=False).st_mode
                if stat.S_ISREG(mode) and mode & 0o6000:
                    self._entry(root, entry.name, entry.name)

    def _entry(self, parent: int, name: str, path: str) -> None:
        if path in self.entries or path.endswith(".sample"):  # git never runs its samples
            return
        if len(self.entries) >= MAX_FILES:
            self.beyond.add(path.rpartition("/")[0] or ".")
            return
        with contextlib.suppress(OSError):
            self.entries[path] = _fingerprint(parent, name)


def _hooks_path(git: int) -> str:
    """Where core.hooksPath moves the hooks to, when that is below the work tree; else ""."""
    data = _read(git, "config") or b""
    value = dangerous(data.decode("utf-8", "surrogateescape")).get("core.hookspath", "").strip('"')
    path = os.path.normpath(value) if value else ""
    return "" if not path or path.startswith(("/", "..", "~", ".git/")) or path == "." else path


def _fingerprint(parent: int, name: str) -> Entry:
    status = os.stat(name, dir_fd=parent, follow_symlinks=False)
    mode = stat.S_IMODE(status.st_mode)
    if stat.S_ISLNK(status.st_mode):
        return Entry("link", _digest(os.fsencode(os.readlink(name, dir_fd=parent))), 0)
    if not stat.S_ISREG(status.st_mode):
        return Entry("other", stat.filemode(status.st_mode)[0], mode)
    data = _read(parent, name)
    if data is None:  # not ours to read, or gone: its size and time must do
        return Entry("file", f"{status.st_size}:{status.st_mtime_ns}", mode)
    size = f":{status.st_size}:{status.st_mtime_ns}" if status.st_size > MAX_BYTES else ""
    return Entry("file", _digest(data) + size, mode, _runs(name, data))


def _read(parent: int, name: str) -> bytes | None:
    try:
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        handle = os.open(name, flags, dir_fd=parent)
    except OSError:
        return None
    try:
        return os.read(handle, MAX_BYTES) if stat.S_ISREG(os.fstat(handle).st_mode) else None
    except OSError:
        return None
    finally:
        os.close(handle)


def _runs(name: str, data: bytes) -> tuple[str, ...]:
    if name not in ("config", "config.worktree", ".gitconfig"):
        return ()
    found = dangerous(data.decode("utf-8", "surrogateescape"))
    return tuple(
        sorted(f"{key}={_digest(value.encode('utf-8', 'surrogateescape'))}" for key, value in found.items())
    )


def _digest(data: bytes) -> str:
    return sha256_hex(data)[:16]
