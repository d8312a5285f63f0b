"""What the database remembers, as values. Moments are ISO-8601 UTC text (core.ages), "" where not yet.

What no start needs is in `core.log_records`, and comes from there when it is asked for here.
"""

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from contenant.core.engine_names import ContainerState, EngineName

if TYPE_CHECKING:
    from contenant.core.log_records import EgressRecord as EgressRecord
    from contenant.core.log_records import SessionSpan as SessionSpan
    from contenant.core.log_records import UsageRecord as UsageRecord


def __getattr__(name: str) -> Any:
    if name.startswith("__"):  # the import system itself looks for some
        raise AttributeError(name)
    from contenant.core import log_records

    return getattr(log_records, name)


RuleKind = Literal["allow", "deny", "preset", "mode"]

MISSING = "!"  # before a project's `place`: its directory was found missing since


class ProjectRecord(NamedTuple):
    """A directory on this host that has, or had, a container."""

    id: str
    path: str  # canonical, absolute
    name: str  # the container name it stands for
    created: str
    last_used: str
    forgotten: str = ""
    place: str = ""  # "device:inode" of the directory when last run, "" where not known; see MISSING


class ContainerRecord(NamedTuple):
    """A container of ours; rows are kept when the container is gone."""

    id: str
    project_id: str
    engine: EngineName
    engine_identity: str  # which store behind the engine (Engine.identity)
    name: str
    engine_id: str  # "" between the intent to create and the outcome
    image: str  # reference
    policy: str  # policy hash, "" when none
    spec_hash: str
    state: ContainerState
    created: str
    last_seen: str
    last_used: str
    gone: str = ""
    gone_why: str = ""
    engine_version: str = ""
    spec: str = "{}"  # canonical JSON: what was asked of the engine at creation
    flags: str = "{}"  # canonical JSON: creation options given on the command line, kept for --recreate
    variant: str = ""  # what a further container of the project is called, "" for its first


class SessionRecord(NamedTuple):
    """One process started for the user in a container."""

    id: str
    container_id: str
    image: str
    policy: str
    argv: tuple[str, ...]
    tty: bool
    detachable: bool
    pid: int  # of the contenant that started it
    pid_start: str  # its start time as the system counts it, so that a reused pid is not mistaken for it
    boot_id: str
    started: str
    ended: str = ""
    exit_code: int | None = None
    how: str = ""  # exited, signalled, lost, stopped, failed, detached-exit
    credential: str = ""  # fingerprint
    kind: str = "command"  # agent or command

    @property
    def detached(self) -> bool:
        """Begun with nobody at it: contenant had no terminal for it and did not wait."""
        return self.detachable and not self.tty

    @property
    def has_terminal(self) -> bool:
        """Whether there is a terminal in the container that can be come back to and typed into."""
        return self.detachable and (self.tty or self.kind == "agent")


class ImageRecord(NamedTuple):
    """One image contenant built, or loaded from a file."""

    id: str
    recipe: str  # hash of every input
    layer: str  # base, user or project
    parent: str  # reference it was built from
    reference: str
    digest: str
    claude_version: str
    base_origin: str  # local, pulled or bootstrapped
    base_digest: str
    build_args: str  # canonical JSON
    built: str
    seconds: float
    size: int  # bytes
    log: str = ""  # path of the build's log
    snapshot: str = ""  # moment of the package index that a bootstrapped base was made from
    integrity: str = ""  # of Claude Code's package: sha512-<base64>
    inputs: str = "{}"  # canonical JSON: path of each input -> its SHA-256
    steps: str = "[]"  # canonical JSON: [[step, seconds]…]
    engine: str = ""  # engine it was built or loaded on
    origin: str = "built"  # or loaded


class RuleRecord(NamedTuple):
    """What a user said by command about a project's policy."""

    id: str
    project_id: str
    kind: RuleKind
    text: str  # an entry as the policy keeps it, the name of a preset, or a mode
    reason: str
    author: str
    added: str
    until: str = ""  # "" for no end
    removed: str = ""  # "" while it counts
    removed_why: str = ""


class EventRecord(NamedTuple):
    """One line of the audit log: append-only and hash-chained per host (core.chain)."""

    seq: int
    host: str
    at: str
    kind: str  # "container.created", see core.changes
    subject: str  # text id of what it is about
    project_id: str
    data: str  # canonical JSON
    previous: str
    hash: str
