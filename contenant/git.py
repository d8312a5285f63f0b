"""git on the host, in a repository that an agent may have written in: it runs nothing that one named.

No hooks, no file system monitor, no transports; filters and hooks that the repository's own configuration
names are switched off. Those of the user's own configuration are the user's.
"""

from collections.abc import Iterator
from typing import NamedTuple

from contenant.errors import ConfigError, ContenantError
from contenant.process import ProcessTimeoutError, Result, built_env, capture, find_program

_TIMEOUT = 600.0  # seconds; a large tree is checked out in less
_SAFE = (
    ("core.hooksPath", "/dev/null"),
    ("core.fsmonitor", "false"),
    ("submodule.recurse", "false"),
    ("gc.auto", "0"),
    ("maintenance.auto", "false"),
    ("worktree.useRelativePaths", "false"),
)
_ENV = {
    "GIT_ALLOW_PROTOCOL": "none",  # nothing is fetched, whatever `protocol.*.allow` says
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
}
_OWN_SCOPES = ("local", "worktree")


class GitError(ContenantError):
    """git refused; the message is its own."""


class Repository(NamedTuple):
    """Where git is to work, and what is switched off there."""

    place: str
    settings: tuple[tuple[str, str], ...]
    switched_off: tuple[str, ...]  # names of filters and hooks of the repository's own

    def ask(self, *words: str) -> Result:
        """Run git; the caller looks at the exit code. Raises GitError where it cannot run or end."""
        return _run(self.place, self.settings, words)

    def do(self, *words: str) -> str:
        """Run git, which must succeed; its standard output. Raises GitError with git's own words."""
        result = self.ask(*words)
        if result.code:
            raise GitError(f"git {words[0]} failed: {_said(result)}", hint=f"in {self.place}")
        return result.stdout


def opened(place: str) -> Repository:
    """The repository at `place`. Raises ConfigError where git is missing, GitError where it refuses it."""
    result = _run(place, _SAFE, ("config", "--list", "--null", "--show-scope", "--includes"))
    if result.code:
        raise GitError(f"git cannot read the repository {place}: {_said(result)}")
    names = tuple(dict.fromkeys(_own_programs(result.stdout)))
    off = [(name, "false" if name.endswith(".required") else "") for name in names]
    return Repository(place, (*_SAFE, *off), tuple(name for name in names if not name.endswith(".required")))


def _own_programs(listing: str) -> Iterator[str]:
    """Settings of the repository's own configuration by which a checkout or a status runs something."""
    words = listing.split("\0")
    for scope, setting in zip(words[::2], words[1::2], strict=False):
        name = setting.partition("\n")[0]
        if scope in _OWN_SCOPES and name.startswith(("filter.", "hook.")):
            yield name


def _run(place: str, settings: tuple[tuple[str, str], ...], words: tuple[str, ...]) -> Result:
    program = find_program("git")
    if program is None:
        raise ConfigError("git is not on this machine", hint="install git; worktrees are made by it")
    # By variables: in `-c NAME=VALUE` a name that holds an equals sign would be another one.
    env = built_env() | _ENV | {"GIT_CONFIG_COUNT": str(len(settings))}
    for number, (name, value) in enumerate(settings):
        env |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
    try:
        return capture([program, "-C", place, *words], timeout=_TIMEOUT, env=env)
    except (OSError, ProcessTimeoutError) as error:
        raise GitError(f"git could not be run in {place}: {error}") from error


def _said(result: Result) -> str:
    lines = [line for line in (result.stderr or result.stdout).splitlines() if line.strip()]
    return lines[-1] if lines else f"exit code {result.code}"
