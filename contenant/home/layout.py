"""Where the agent's home is: one directory per project on the host, three mounts in the container.

    <state>/homes/<container>/        the host's alone
        agent/       writable in the container as CLAUDE_CONFIG_DIR: transcripts, history, settings, login
        host/        read-only in the container: the user's customisations, the git identity
        drop/        writable in the container at /drop: files that go in and out (home.drop)
        seeded.json  what contenant last put into the agent's settings

Directories only, since Apple's engine mounts no single file. Links in `agent/` lead to `host/`, and Claude
Code follows them (tried with 2.1.330: CLAUDE.md and its imports, rules, commands, skills, agents, output
styles, workflows; for plugins it has a seed directory).
"""

from pathlib import Path

from contenant.core.values import Mount

AGENT_TARGET = "/var/lib/claude"  # outside the agent's HOME, which root re-owns when the agent's ids change
HOST_TARGET = "/opt/contenant/host"
DROP_TARGET = "/drop"  # short: people read it and paste it
OWN = ".contenant"  # contenant's own part of host/, which no customisation can be called
KNOWN_HOSTS = f"{AGENT_TARGET}/ssh/known_hosts"


def mounts(home: Path) -> tuple[Mount, Mount, Mount]:
    """What the container is created with."""
    return (
        Mount(str(home / "agent"), AGENT_TARGET),
        Mount(str(home / "host"), HOST_TARGET, read_only=True),
        Mount(str(home / "drop"), DROP_TARGET),
    )
