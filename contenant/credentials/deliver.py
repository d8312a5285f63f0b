"""How a credential travels into a session: by a pipe, so that it stands in no argument and no environment.

Claude Code reads its OAuth token and its API key from a file descriptor it is told of, and hands neither the
descriptor nor the variable on to what it starts. Tried with 2.1.197 and 2.1.330, at the prompt and with -p.
It opens the descriptor anew: so the pipe must be made by the agent's own user (2.1.197), and must not be one
with a name in the file system, where that would wait for a writer for ever (both).
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from contenant.credentials.values import VARIABLES, Credential, Kind, Secret

DESCRIPTOR = 3
OLDEST_WITH_DESCRIPTOR = (2, 1, 197)
_DESCRIPTOR_VARIABLE: dict[Kind, str] = {
    "oauth": "CLAUDE_CODE_OAUTH_TOKEN_FILE_DESCRIPTOR",
    "api-key": "CLAUDE_CODE_API_KEY_FILE_DESCRIPTOR",
}
_SHELLS = frozenset({"bash", "dash", "sh", "zsh"})


class Delivery(NamedTuple):
    """What a session gets. `env` is safe to show; `pipe` is what the agent reads from descriptor 3.

    `secret_env` is for what the agent takes from its environment alone: every command it starts sees it.
    """

    env: Mapping[str, str]
    pipe: Secret | None
    secret_env: Mapping[str, Secret]


NOTHING = Delivery({}, None, {})


def deliver(found: Credential | None, version: str) -> Delivery:
    """How a credential reaches the agent of that version, `2.1.330`; NOTHING where there is none."""
    if found is None:
        return NOTHING
    plan = {"CLAUDE_CODE_SUBSCRIPTION_TYPE": found.plan, "CLAUDE_CODE_RATE_LIMIT_TIER": found.tier}
    env = {name: value for name, value in plan.items() if value}
    variable = _DESCRIPTOR_VARIABLE.get(found.kind)
    if variable is not None and _numbers(version) >= OLDEST_WITH_DESCRIPTOR:
        return Delivery({**env, variable: str(DESCRIPTOR)}, found.secret, {})
    names = {kind: name for name, kind in VARIABLES}
    return Delivery(env, None, {names[found.kind]: found.secret})


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdecimal())


def wants_credential(argv: Sequence[str]) -> bool:
    """Whether a command is the agent, or a shell it may be started from. No command means the agent.

    Anything else runs without a credential, and without what fetching one costs.
    """
    name = argv[0].rpartition("/")[2] if argv else "claude"
    return name == "claude" or name in _SHELLS


def split_env(session: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """The variables asked for with --env or [env], as (credentials, the rest)."""
    names = {name for name, _ in VARIABLES}
    secret = {name: value for name, value in session.items() if name in names}
    return secret, {name: value for name, value in session.items() if name not in names}
