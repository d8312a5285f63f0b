"""What makes a session the user's: the agent's home, who commits, the credential. Read at each start."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from contenant import host
from contenant.app.project import Project
from contenant.core.settings import Settings
from contenant.core.values import Mount
from contenant.paths import home_dir

if TYPE_CHECKING:
    from contenant.app.results import Ui
    from contenant.credentials.values import Credential, Secret
    from contenant.home.identity import Identity

LOCALTIME = Path("/etc/localtime")


class Outfit(NamedTuple):
    """What a session gets beside its command. `env` may be shown, the rest is secret."""

    env: Mapping[str, str]
    secret_env: Mapping[str, str]
    pipe: "Secret | None" = None
    credential: "Credential | None" = None


def mounts(name: str) -> tuple[Mount, ...]:
    """The agent's home, as the container mounts it."""
    from contenant.home import layout

    return layout.mounts(home_dir(name))


def prepare_home(project: Project, settings: Settings, owner: tuple[int, int], ui: "Ui") -> "Identity":
    """Make or refresh the agent's home; what is new about it is said. Done under the container's lock.

    Returns who commits in it.
    """
    from contenant import home
    from contenant.credentials.sources import claude_dir, this_host
    from contenant.home.identity import read_identity

    machine = this_host(os.environ)
    identity = read_identity(Path(project.path), os.environ, Path(machine.home))
    wanted = home.Wanted(
        claude_dir=Path(claude_dir(machine)),
        sync=settings.home_sync,
        project="/project",
        identity=identity,
        owner=owner,
    )
    for news in home.prepare(home_dir(project.name), wanted).news:
        ui.note(news)
    return identity


def dress(
    project: Project,
    argv: Sequence[str],
    asked: Mapping[str, str],
    tty: bool,
    version: str,
    ui: "Ui",
    *,
    identity: "Identity | None" = None,
) -> Outfit:
    """The outfit of a session: `asked` are the variables of --env and [env], `version` the agent's, and
    `identity` who commits, where that was looked up already.

    Only the agent and shells get a credential. Raises CredentialError where the first one there is cannot be
    used.
    """
    from contenant.credentials.deliver import deliver, split_env, wants_credential
    from contenant.home.identity import session_env, timezone

    given, plain = split_env(asked)
    known = identity or _identity(project, argv)
    env = session_env(known, os.environ, timezone(os.environ, LOCALTIME), tty)
    if not wants_credential(argv):
        return Outfit(env | plain, given)
    found = _credential(project, given, ui)
    sent = deliver(found, version)
    secrets = {name: secret.reveal() for name, secret in sent.secret_env.items()}
    return Outfit(env | dict(sent.env) | plain, secrets, sent.pipe, found)


def of_terminal(environ: Mapping[str, str]) -> Outfit:
    """What a terminal tells a session that is shown on it anew."""
    return Outfit({name: environ[name] for name in ("TERM", "COLORTERM") if environ.get(name)}, {})


def _credential(project: Project, given: Mapping[str, str], ui: "Ui") -> "Credential | None":
    from contenant.credentials.sources import find, this_host
    from contenant.credentials.values import warning
    from contenant.home import signed_in

    if not given and signed_in(home_dir(project.name)):
        return None  # somebody logged in inside: that login is the project's own
    found = find(this_host(os.environ), given, host.now())
    if found is not None and (text := warning(found, host.now())):
        ui.warn(text)
    return found


def _identity(project: Project, argv: Sequence[str]) -> "Identity":
    """git reads its own from the home; jj takes it from variables, which cost a call of git to fill."""
    from contenant.credentials.deliver import wants_credential
    from contenant.home.identity import Identity, read_identity

    if not wants_credential(argv) and argv[0] != "jj":
        return Identity()
    return read_identity(Path(project.path), os.environ, Path.home())
