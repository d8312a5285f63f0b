"""Where a linked worktree's repository is, proven from both ends before anything of it is mounted.

A project may be anybody's: its file `.git` can name any directory of this machine.
"""

import os
from pathlib import Path

from contenant import files
from contenant.core.settings_values import Forbidden, refuse_source, refuse_target
from contenant.core.worktree import Metadata, candidates, metadata_of, parse_link
from contenant.errors import ConfigError, UsageError

_MOST = 16 * 1024  # bytes


def is_link(project: str) -> bool:
    """Whether `.git` is there and no directory: a worktree, a submodule, or something else."""
    try:
        return not os.path.isdir(f"{project}/.git") and os.path.lexists(f"{project}/.git")  # noqa: PTH112
    except OSError:
        return False


def linked(project: str, owner: int, forbidden: tuple[Forbidden, ...]) -> Metadata:
    """The metadata of the worktree at a canonical path whose directory belongs to the user id `owner`.

    The directory that `.git` names must be a repository's, name this very worktree, belong to the same user,
    and be nothing that no container may see. Raises ConfigError with the reason.
    """
    try:
        own = parse_link(_text(f"{project}/.git"))
        found = metadata_of(own)
        _prove(project, owner, found)
        refuse_source(found.common, forbidden)
        refuse_target(found.common)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise ConfigError(
            f"the repository of {project} cannot be given to the container: {why}",
            hint="see docs/worktrees.md for what its .git must be; without it, git does not work inside",
        ) from error
    except UsageError as error:
        raise ConfigError(
            f"the repository of {project} cannot be given to the container: {error.message}", hint=error.hint
        ) from error
    return found


def prove_common(path: str, owner: int, forbidden: tuple[Forbidden, ...]) -> None:
    """Raise ConfigError unless a repository's common directory is there, over no link, the user's, its own.

    A directory called `.git` may bear a file `commondir`, by which git would work in another repository. Nor
    may it be anything that no container may see, or that cannot be mounted at its own path.
    """
    try:
        prove_repository(path, owner)
        refuse_source(path, forbidden)
        refuse_target(path)
    except (OSError, ValueError, UsageError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise ConfigError(f"no worktree is made of {path}: {why}", hint="see docs/worktrees.md") from error


def prove_repository(path: str, owner: int) -> None:
    """Raise ValueError or OSError unless the directory is a git repository's own common one, the user's."""
    prove_plain(path, owner)
    if os.path.lexists(f"{path}/commondir"):
        raise ValueError(f"{path}/commondir names another repository")
    if not _text(f"{path}/HEAD") or not Path(path, "config").is_file():
        raise ValueError(f"{path} is no repository")
    for name in ("objects", "refs"):
        if os.path.islink(f"{path}/{name}") or not Path(path, name).is_dir():  # noqa: PTH114
            raise ValueError(f"{path} is no repository")


def prove_plain(path: str, owner: int) -> None:
    """Raise ValueError or OSError unless the path is there, over no link, and the user's."""
    if os.path.realpath(path) != path:
        raise ValueError(f"{path} leads over a link, or is not there")
    if Path(path).stat().st_uid != owner:
        raise ValueError(f"{path} belongs to somebody else")


def _prove(project: str, owner: int, found: Metadata) -> None:
    """Raises ValueError or OSError."""
    prove_repository(found.common, owner)
    prove_plain(found.own, owner)
    if _text(f"{found.own}/gitdir").removesuffix("\n") != f"{project}/.git":
        raise ValueError(f"{found.own} is not of this worktree: its gitdir names another place")
    if os.path.normpath(os.path.join(found.own, _text(f"{found.own}/commondir").strip())) != found.common:  # noqa: PTH118
        raise ValueError(f"{found.own}/commondir names another repository")


def _text(path: str) -> str:
    data = files.read(Path(path), _MOST)
    if data is None:
        raise ValueError(f"{path} is missing")
    return data.decode("utf-8", "surrogateescape")


def existing(found: Metadata) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What is to be shielded and is there, no links: directories and files, below the common directory."""
    directories, plain = candidates(found)

    def there(path: str) -> bool:
        place = Path(found.common, path)
        return os.path.realpath(place) == str(place)

    return (
        tuple(path for path in directories if there(path) and Path(found.common, path).is_dir()),
        tuple(path for path in plain if there(path) and Path(found.common, path).is_file()),
    )


def keep_back_pointer(found: Metadata, ahead: float) -> None:
    """Let no git rewrite `gitdir`, seconds since the epoch `ahead` being in the future.

    git writes the path at which it finds a worktree, in the container `/project/.git`, into that file once it
    is a day old (setup.c, update_linked_gitdir); a moment to come is never a day ago.
    """
    os.utime(f"{found.own}/gitdir", (ahead, ahead), follow_symlinks=False)
