"""Who the user is, for git and jj, and where the clock stands: read on the host, handed to the container.

git's goes into a file that the container reads as the *system's* configuration, the weakest: what the agent
or the project's own configuration says comes first, and `git config --global` works inside.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from contenant import files, process
from contenant.home.layout import AGENT_TARGET, HOST_TARGET, OWN

GITCONFIG = f"{OWN}/gitconfig"
_GIT_TIMEOUT = 5.0  # seconds
_MAX_BYTES = 256 * 1024


class Identity(NamedTuple):
    """A name and an address for commits; "" where the user has set none."""

    git_name: str = ""
    git_email: str = ""
    jj_name: str = ""
    jj_email: str = ""


def read_identity(project: Path, env: Mapping[str, str], home: Path) -> Identity:
    """From the user's own configuration of git and jj; never from the project's, which goes along anyway."""
    git = _git(project)
    jj = _jj(env, home)
    return Identity(
        git.get("user.name", ""), git.get("user.email", ""), _line(jj.get("name")), _line(jj.get("email"))
    )


def _git(project: Path) -> dict[str, str]:
    """By git itself, since conditional includes choose an address by the project's place."""
    argv = ["git", "-C", str(project), "config", "--global", "--includes", "--null", "--get-regexp"]
    try:
        result = process.capture([*argv, r"^user\.(name|email)$"], timeout=_GIT_TIMEOUT)
    except (OSError, process.ProcessTimeoutError):
        return {}
    found = (item.partition("\n") for item in result.stdout.split("\0") if item)
    return {key: text for key, _, value in found if (text := _line(value))}


def _jj(env: Mapping[str, str], home: Path) -> Mapping[str, object]:
    base = Path(env.get("XDG_CONFIG_HOME") or home / ".config")
    places = [home / ".jjconfig.toml", base / "jj" / "config.toml"]
    if named := env.get("JJ_CONFIG"):
        places = [Path(named)]
    for place in places:
        try:
            data = files.read(place, _MAX_BYTES, follow=True)
        except OSError:
            continue
        if data is not None and (user := _user_table(data)):
            return user
    return {}


def _user_table(data: bytes) -> Mapping[str, object]:
    import tomllib  # only where there is such a file

    try:
        user = tomllib.loads(data.decode()).get("user")
    except (ValueError, RecursionError):
        return {}
    return user if isinstance(user, dict) else {}


def _line(value: object) -> str:
    """A text of one line, "" for anything else."""
    return value if isinstance(value, str) and re.fullmatch(r"[^\x00-\x1f\x7f]{1,200}", value) else ""


def gitconfig(identity: Identity, project: str) -> bytes:
    """git's configuration for the container: the identity, and that the project is the agent's to work in."""
    lines = ["# Written by contenant at each start.", "[include]", "\tpath = /etc/gitconfig", "[user]"]
    for name, value in (("name", identity.git_name), ("email", identity.git_email)):
        if value:
            quoted = value.replace("\\", "\\\\").replace('"', '\\"')
            lines.append(f'\t{name} = "{quoted}"')
    lines += ["[safe]", f"\tdirectory = {project}", f"\tdirectory = {project}/*", ""]
    return "\n".join(lines).encode()


def timezone(env: Mapping[str, str], localtime: Path) -> str:
    """The zone's name, `Europe/Berlin`, by $TZ or by where /etc/localtime leads; "" where it is not known."""
    zone = env.get("TZ", "").removeprefix(":")
    if not zone:
        try:
            zone = str(localtime.readlink()).partition("/zoneinfo/")[2]
        except OSError:
            return ""
    return zone if re.fullmatch(r"[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+){0,2}", zone) else ""


def session_env(identity: Identity, env: Mapping[str, str], zone: str, tty: bool) -> dict[str, str]:
    """The variables of a session that make it the user's: the agent's home, who commits, terminal, clock.

    The locale is the image's own C.UTF-8: no other is in it, so the caller's language is not known there.
    """
    names = ("TERM", "COLORTERM", "TERM_PROGRAM", "TERM_PROGRAM_VERSION") if tty else ()
    values = {name: env.get(name, "") for name in names}
    values |= {
        "CLAUDE_CONFIG_DIR": AGENT_TARGET,
        "CLAUDE_CODE_PLUGIN_SEED_DIR": f"{HOST_TARGET}/plugins",
        "CLAUDE_CODE_SYNC_PLUGIN_INSTALL": "1",  # else a plugin of the seed is there from the second start on
        "GIT_CONFIG_SYSTEM": f"{HOST_TARGET}/{GITCONFIG}",
        "JJ_USER": identity.jj_name or identity.git_name,
        "JJ_EMAIL": identity.jj_email or identity.git_email,
        "TZ": zone,
    }
    return {name: value for name, value in values.items() if value}
