"""A path on the command line -> the project it stands for, or a refusal."""

import os
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from contenant.core.names import check_variant, container_name, is_variant
from contenant.errors import PathRefusedError, UsageError
from contenant.paths import state_dir

if TYPE_CHECKING:
    from contenant.core.jj import Shared
    from contenant.core.worktree import Metadata


class Project(NamedTuple):
    """A directory that may be handed to an agent."""

    path: str  # canonical: absolute, symlinks resolved
    name: str  # of its container
    owner: tuple[int, int]  # uid, gid of the directory
    variant: str = ""  # which of its containers: "" the first, else what it was called
    metadata: "Metadata | None" = None  # of the repository that it is a worktree of, where it is mounted
    jj: "Shared | None" = None  # the repository that it is a workspace of, where it is mounted


class Target(NamedTuple):
    """What a word on the command line stands for: a project, or one of its containers."""

    path: Path
    variant: str | None = None  # "": the first; None: it was not said which


def target(word: Path, name: str | None = None) -> Target:
    """`PATH`, `PATH@NAME` or `PATH` and --name -> what is meant; `PATH@` is the first container.

    A directory that is there and is called so is meant itself. Raises UsageError for a name that cannot be,
    or is given twice.
    """
    text, at, called = str(word).rpartition("@")
    if not at or "/" in called or not (called == "" or is_variant(called)) or os.path.lexists(word):
        return Target(word, check_variant(name) if name else name)
    if name is not None:
        raise UsageError(f"{str(word)!r} names a container, and so does --name", hint="give one of them")
    return Target(Path(text), called)


def targets(words: Iterable[Path], name: str | None = None) -> list[Target]:
    """Each word as a target. Raises UsageError as `target`."""
    return [target(word, name) for word in words]


def identify(path: Path, variant: str = "") -> tuple[str, str]:
    """(canonical path, container name), whether or not the directory still exists."""
    canonical = os.path.realpath(path)
    return canonical, container_name(canonical, variant)


def resolve(path: Path, *, force: bool, variant: str = "") -> Project:
    """The project at `path`. Raises PathRefusedError for what is missing, no directory, or too much.

    The root, the home directory and what holds it would hand the agent everything; `force` allows them.
    contenant's own state is never a project.
    """
    canonical, name = identify(path, variant)
    try:
        status = os.stat(f"{canonical}/")  # noqa: PTH116 - pathlib drops the slash, which insists on a directory
    except OSError as error:
        raise PathRefusedError(_unusable(path, error)) from error
    _refuse_state(Path(canonical))
    if not force and (broad := _too_broad(canonical)):
        raise PathRefusedError(
            f"{canonical!r} is {broad}: the agent would get all of it",
            hint="go into a project directory, or add --force if you mean it",
        )
    return Project(canonical, name, (status.st_uid, status.st_gid), variant)


def container_dir(name: str) -> Path:
    """The host's directory for one container: sessions, policy, an id-mapped mount of the project."""
    return state_dir() / "containers" / name


def _unusable(path: Path, error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return f"no such directory: {str(path)!r}"
    if isinstance(error, NotADirectoryError):
        return f"not a directory: {str(path)!r}; name the directory it is in"
    return f"cannot use {str(path)!r}: {error.strerror}"


def _refuse_state(path: Path) -> None:
    state = Path(os.path.realpath(state_dir()))
    if path == state or state in path.parents:
        raise PathRefusedError(
            f"{str(path)!r} is contenant's own state", hint="an agent must never reach the records about it"
        )


def _too_broad(path: str) -> str:
    home = os.path.realpath(Path.home())
    if path == "/":
        return "the whole machine"
    if path == home:
        return "the home directory"
    if home.startswith(f"{path}/"):
        return "a directory that holds the home directory"
    return ""


def is_there(path: str) -> bool:
    """Whether a project's directory exists, as far as can be told: what may not be looked at is not gone."""
    try:
        return stat.S_ISDIR(Path(path).stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
