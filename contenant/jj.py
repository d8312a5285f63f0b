"""jj on the host, in a workspace that an agent may have written in."""

import os

from contenant.errors import ConfigError, ContenantError
from contenant.process import ProcessTimeoutError, Result, built_env, capture, find_program

_TIMEOUT = 600.0  # seconds; a large tree is checked out in less
# Nothing is run but jj itself, and nothing is taken into a commit that was not tracked before.
_SAFE = (
    *("--no-pager", "--color=never"),
    *("--config", 'fsmonitor.backend="none"'),
    *("--config", 'snapshot.auto-track="none()"'),
)


class JjError(ContenantError):
    """jj refused; the message is its own."""


def do(place: str, repo: str, *words: str) -> str:
    """Run jj in the workspace `place` of the repository `repo`; its standard output.

    Raises JjError with jj's own words; ConfigError where jj is missing, or would obey what lies there.
    """
    program = find_program("jj")
    if program is None:
        raise ConfigError(
            "jj is not on this machine", hint="install jj (Jujutsu); its workspaces are made by it"
        )
    _refuse_planted(place, repo)
    try:
        result = capture([program, *_SAFE, "-R", place, *words], timeout=_TIMEOUT, env=built_env())
    except (OSError, ProcessTimeoutError) as error:
        raise JjError(f"jj could not be run in {place}: {error}") from error
    if result.code:
        raise JjError(f"jj {words[0]} failed: {_said(result)}", hint=f"in {place}")
    return result.stdout


def _refuse_planted(place: str, repo: str) -> None:
    """jj obeys such a file, or takes it for the user's own (0.37 on); an agent could have put it there."""
    for path in (f"{repo}/config.toml", f"{place}/.jj/workspace-config.toml"):
        if os.path.isfile(path) and not os.path.islink(path):  # noqa: PTH113, PTH114 - texts are at hand
            raise ConfigError(
                f"jj would obey {path}, which an agent could have written",
                hint="look at it; run jj there yourself, or move it to your own configuration",
            )


def _said(result: Result) -> str:
    lines = [line for line in (result.stderr or result.stdout).splitlines() if line.strip()]
    told = next((line for line in lines if line.startswith(("Error:", "Internal error:"))), "")
    return told.partition(": ")[2] or (lines[-1] if lines else f"exit code {result.code}")
