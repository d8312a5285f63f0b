"""Keeps the read-only part of the agent's home like what was collected: copies, replaces, removes.

The container sees this directory read-only, so nothing in it is anybody's but contenant's.
"""

import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from contenant import files
from contenant.home.customisations import MAX_FILE, SourceFile

# Secrets that can be told by their form: private keys, and tokens with a prefix of their own.
_SECRET = re.compile(
    rb"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY(?: BLOCK)?-----|sk-ant-[a-z]{3}[0-9]{2}-[\w-]{20}|gh[pousr]_\w{30}"
    rb"|github_pat_\w{30}|glpat-[\w-]{20}|AKIA[0-9A-Z]{16}|xox[abprs]-[\w-]{20}|AIza[\w-]{35}"
)


class Mirrored(NamedTuple):
    """The files that are there now, and a word about each that was refused for what it holds."""

    names: frozenset[str]
    notes: tuple[str, ...]


def mirror(target: Path, wanted: Mapping[str, SourceFile], made: Mapping[str, bytes]) -> Mirrored:
    """Make `target` hold exactly the wanted files and those that contenant makes.

    A file is copied when its size, time or executable bit differ. Raises OSError where `target` is not ours.
    """
    notes, kept = [], set(made)
    for name, source in wanted.items():
        if _is_current(target / name, source):
            kept.add(name)
            continue
        data = _read(source)
        if data is None:
            continue  # it went away meanwhile
        if _SECRET.search(data):
            notes.append(f"{name} stays on the host: it holds what looks like a secret")
            continue
        _write(target / name, data, 0o755 if source.executable else 0o644)
        os.utime(target / name, ns=(source.changed, source.changed))
        kept.add(name)
    for name, data in made.items():
        if _present(target / name) != data:
            _write(target / name, data, 0o644)
    _remove_others(target, kept)
    return Mirrored(frozenset(kept), tuple(notes))


def _is_current(path: Path, source: SourceFile) -> bool:
    try:
        status = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    mode = 0o755 if source.executable else 0o644
    return (status.st_mode & 0o7777, status.st_size, status.st_mtime_ns) == (
        mode,
        source.size,
        source.changed,
    )


def _read(source: SourceFile) -> bytes | None:
    try:
        return files.read(Path(source.path), MAX_FILE)
    except OSError:
        return None


def _present(path: Path) -> bytes | None:
    try:
        return files.read(path, MAX_FILE)
    except OSError:
        return None


def _write(path: Path, data: bytes, mode: int) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):  # what was a file is a directory now
        next(parent for parent in path.parents if parent.is_file()).unlink()
        path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir():
        shutil.rmtree(path)
    files.replace(path, data, mode=mode)


def _remove_others(target: Path, kept: set[str]) -> None:
    """Files that are not kept, then directories that are empty."""
    for directory, _, names in os.walk(target, topdown=False):
        here = Path(directory)
        here.chmod(0o755)
        for name in names:
            if str((here / name).relative_to(target)) not in kept:
                (here / name).unlink()
        if here != target and not any(here.iterdir()):
            here.rmdir()
