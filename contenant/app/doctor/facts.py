"""What doctor knows of a machine, as values: gathered first, judged afterwards. Nothing here is secret.

"" and -1 stand for "not known", unless a field says otherwise.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from contenant.core.values import ContainerState, EngineName

Manager = Literal["apt", "dnf", "pacman", "zypper", "brew", ""]

# Why an engine cannot be used. `wedged`: it was asked and gave no answer in time.
Trouble = Literal[
    "",
    "not-installed",
    "wedged",
    "down",
    "stuck",  # Apple: registered, but it does not answer its own client
    "permission",
    "unusable-ids",  # podman without root: no ranges of subordinate ids
    "context",  # docker: DOCKER_HOST or the context leads nowhere
    "unsupported",  # docker: a daemon that is rootless or remaps ids
    "too-old",
    "skew",  # Apple: the client cannot read the service's health check
    "failed",
]


class Machine(NamedTuple):
    """The host."""

    system: str  # sys.platform
    release: str  # "Debian GNU/Linux 12 (bookworm)", "macOS 26.1"
    version: tuple[int, ...]  # of macOS, else ()
    kernel: str  # `uname -r`
    arch: str  # `uname -m`
    translated: bool  # an Intel Python under Rosetta
    manager: Manager
    root: bool
    systemd: bool
    home: str
    nf_tables: Literal["yes", "no", ""]  # whether this kernel has it


class Program(NamedTuple):
    """contenant itself."""

    version: str
    python: tuple[int, int, int]
    config_trouble: str = ""  # why the configuration cannot be read
    config_hint: str = ""
    image_trouble: str = ""  # why it cannot be told which image is current


class ContainerFacts(NamedTuple):
    """One container of ours, as the engine reports it."""

    name: str
    project: str  # path, of a further container PATH@NAME
    state: ContainerState
    image: str  # reference it was made from
    engine_version: str  # the engine's when it was made
    kernel: str = ""  # that it runs on; asked of running ones in a virtual machine of their own
    test_code: int = -1  # exit code of the firewall's self-test; -1: not run
    test_said: str = ""


class PodmanFacts(NamedTuple):
    """What only podman has."""

    rootless: bool
    own_runtime: str  # name of the OCI runtime it chooses itself
    remembered: str | None  # the one contenant found to work, None: not looked for yet
    runtimes: tuple[tuple[str, str], ...]  # tried in this order: ("" for podman's own, why not or "")
    uids: int = -1  # size of this user's ranges of subordinate ids
    gids: int = -1
    newuidmap: bool = True
    namespaces: bool = True  # whether users may make user namespaces
    network_command: str = "pasta"  # what podman makes a network with; "" where it does not say
    network_helper: bool = True  # it is there; where podman does not say: pasta or slirp4netns is


class AppleFacts(NamedTuple):
    """What only Apple's container has."""

    service: str  # running, unregistered, not running
    default_kernel: str  # file name of the kernel that new containers get
    time_machine: Literal["included", "excluded", ""]  # its store


class EngineFacts(NamedTuple):
    """One engine."""

    name: EngineName
    wanted: bool  # asked for, has containers of ours, or would be used for a new one
    path: str = ""  # of its executable
    client: str = ""
    server: str = ""  # "" where there is no daemon
    trouble: Trouble = ""
    said: str = ""  # its own words
    endpoint: str = ""  # DOCKER_HOST, CONTAINER_HOST: where the environment points it
    seconds: float = 0.0  # that its first answer took, or was waited for
    local: bool = True  # containers run on this machine's own kernel
    kernel: str = ""
    cgroups: Literal["v1", "v2", ""] = ""
    controllers: tuple[str, ...] = ()  # cgroup controllers it may use
    store: str = ""  # directory of its images and containers
    store_free: int = -1  # bytes
    image: bool | None = None  # whether it has the current image
    list_trouble: Trouble = ""  # why it gave no list of its containers; `said` holds its words
    containers: tuple[ContainerFacts, ...] = ()  # of ours
    podman: PodmanFacts | None = None
    apple: AppleFacts | None = None


class CredentialFacts(NamedTuple):
    """One source that has a credential, or could not be read. Never the credential."""

    source: str
    where: str
    kind: str = ""
    expires: str = ""  # ISO-8601 UTC
    expired: bool = False
    soon: bool = False  # ends within half an hour
    trouble: str = ""


class DatabaseFacts(NamedTuple):
    """The records. `trouble` "" and `there` False: none yet."""

    shown: str  # where, without a password
    there: bool = False
    server: bool = False
    trouble: str = ""  # it cannot be opened or read
    hint: str = ""
    schema: str = ""
    head: str = ""  # the schema this program knows
    newer: bool = False  # its schema is of a newer program
    damage: str = ""  # first finding of the integrity check
    checked: bool = False  # that check ran to its end
    events: int = -1  # that were verified
    fault: str = ""  # what is wrong with the audit chain
    verified: bool = False  # the whole chain was walked
    backups: int = 0
    newest_backup: str = ""


class Loose(NamedTuple):
    """A file or directory of ours that others could get at, or that is not ours."""

    path: str
    mode: int  # as it is
    wanted: int
    foreign: bool = False  # it belongs to somebody else


class StateFacts(NamedTuple):
    """The state directory."""

    path: str
    there: bool = True
    writable: bool = True
    free: int = -1  # bytes on its disk
    loose: tuple[Loose, ...] = ()
    mounts: tuple[str, ...] = ()  # left over below it


class Facts(NamedTuple):
    """Everything. A part is None where it gave no answer in time."""

    machine: Machine
    program: Program
    engines: tuple[EngineFacts, ...]
    wanted_engine: str  # the engine a new container would use, "" where there is none
    image: str  # reference that new containers are made from
    outdated: tuple[str, ...]  # PATH or PATH@NAME of each container that is of another image
    open_firewalls: tuple[tuple[str, str], ...]  # (container, mode) where it is not "block"
    state: StateFacts | None
    database: DatabaseFacts | None
    credentials: tuple[CredentialFacts, ...] | None
