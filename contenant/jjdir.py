"""Where a jj workspace's repository is, proven from both ends before anything of it is mounted.

A project may be anybody's: its file `.jj/repo` can name any directory of this machine.
"""

import os
from pathlib import Path

from contenant import files
from contenant.core.jj import TAIL, Shared, candidates, parse_link, shared, workspaces
from contenant.core.settings_values import Forbidden, refuse_source, refuse_target
from contenant.errors import ConfigError, UsageError
from contenant.gitdir import prove_plain, prove_repository

_MOST = 1024**2  # bytes


def is_link(project: str) -> bool:
    """Whether `.jj/repo` is a file: a workspace whose repository is another's."""
    return os.path.isfile(f"{project}{TAIL}")  # noqa: PTH113 - a text is at hand


def leads_to(project: str, repo: str) -> bool:
    """Whether the workspace's `.jj/repo` names that repository, in whichever way."""
    try:
        data = None if os.path.islink(f"{project}/.jj") else files.read(Path(f"{project}{TAIL}"), _MOST)  # noqa: PTH114
    except OSError:
        return False
    return data is not None and os.path.normpath(os.path.join(f"{project}/.jj", os.fsdecode(data))) == repo  # noqa: PTH118


def linked(project: str, owner: int, forbidden: tuple[Forbidden, ...], recorded: str = "") -> Shared:
    """The repository of the workspace at a canonical path whose directory belongs to the user id `owner`.

    What `.jj/repo` names must be a repository of the same user that lists this very workspace, or the one
    on contenant's record (`recorded`), and nothing that no container may see. Raises ConfigError.
    """
    try:
        if os.path.islink(f"{project}/.jj"):  # noqa: PTH114
            raise ValueError(f"{project}/.jj is a link")
        repo = parse_link(_text(f"{project}{TAIL}"))
        found = _proven(repo, owner, forbidden)
        if repo != recorded and project not in listed(repo).values():
            raise ValueError(f"{repo} lists no workspace at {project}")
    except (OSError, ValueError, UsageError) as error:
        why = (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
        raise ConfigError(
            f"the repository of {project} cannot be given to the container: {why}",
            hint="see docs/worktrees.md for what its .jj/repo must be; without it, jj does not work inside",
        ) from error
    return found


def proven(repo: str, owner: int, forbidden: tuple[Forbidden, ...]) -> Shared:
    """The repository at `<main>/.jj/repo`. Raises ConfigError where it is none, or can be in no container."""
    try:
        return _proven(repo, owner, forbidden)
    except (OSError, ValueError, UsageError) as error:
        why = (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
        raise ConfigError(f"no workspace is made of {repo}: {why}", hint="see docs/worktrees.md") from error


def _proven(repo: str, owner: int, forbidden: tuple[Forbidden, ...]) -> Shared:
    for part in ("", "/store", "/op_heads"):
        prove_plain(f"{repo}{part}", owner)
    if _text(f"{repo}/store/type").strip() != "git":
        raise ValueError(f"{repo} keeps its commits in no git repository")
    found = shared(repo, _text(f"{repo}/store/git_target"))
    prove_repository(found.git, owner)
    for path in (found.repo, found.git):
        refuse_source(path, forbidden)
        refuse_target(path)
    return found


def listed(repo: str) -> dict[str, str]:
    """Name -> path of the workspaces that the repository knows; none where an older jj keeps no list.

    Raises OSError, and ValueError where the list is none.
    """
    return workspaces(files.read(Path(repo, "workspace_store", "index"), _MOST) or b"", repo)


def existing(found: Shared) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What is to be shielded and is there, no links: directories and files, by their absolute paths."""
    directories, plain = candidates(found)

    def there(path: str) -> bool:
        return os.path.realpath(path) == path

    return (
        tuple(path for path in directories if there(path) and Path(path).is_dir()),
        tuple(path for path in plain if there(path) and Path(path).is_file()),
    )


def _text(path: str) -> str:
    data = files.read(Path(path), _MOST)
    if data is None:
        raise ValueError(f"{path} is missing")
    return data.decode("utf-8", "surrogateescape")
