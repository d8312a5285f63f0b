"""What the use cases return and ask for: values between `app` and `cli`. Rendering is the caller's."""

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

from contenant.core.values import EngineName

if TYPE_CHECKING:
    from contenant.app.project import Target


class Ui(Protocol):
    """How a use case speaks while it works. Everything goes to standard error."""

    def note(self, text: str) -> None:
        """Something worth knowing: drift, a reattach, a remedy. Silent under --quiet."""
        ...

    def warn(self, text: str) -> None:
        """Something wrong that did not stop the work."""
        ...

    def progress(self, text: str, done: int = 0, total: int = 0) -> None:
        """A line of a longer step; rewritten in place on a terminal."""
        ...

    def waiting(self, text: str) -> None:
        """What to say from now on whenever nothing is said for two seconds, until `finish`."""
        ...

    def finish(self) -> None:
        """The longer step is over: leave the cursor on a clean line."""
        ...

    def confirm(self, question: str) -> bool | None:
        """Ask; None where there is no terminal to ask on."""
        ...


class RunRequest(NamedTuple):
    """`contenant run`: what the command line asked for. Text options are parsed by the use case."""

    path: Path
    argv: tuple[str, ...] = ()  # empty: the agent
    engine: EngineName | None = None
    new: bool = False  # a further agent session beside a live one
    recreate: bool = False
    force: bool = False  # refused paths, live sessions at --recreate
    read_only: bool = False  # the project read-only
    cpus: int | None = None
    memory: str | None = None  # "4g"
    pids: int | None = None
    no_wait: bool = False  # do not wait for a place among the running containers
    env: tuple[str, ...] = ()  # "K=V" or "K"
    mounts: tuple[str, ...] = ()  # "SRC:DST[:ro]"
    publish: tuple[str, ...] = ()  # "[IP:]HOST:CONTAINER[/udp]"
    host_service: tuple[int, ...] = ()  # ports of this machine's loopback for this session
    ssh: bool = False  # the host's SSH agent for this session
    detach: bool = False  # begin it and go: nobody is at it
    notify: bool = False  # say when the agent waits or is done
    adopt_from: Path | None = None  # where the project's directory was before it was moved
    variant: str = ""  # which of the project's containers, "" for its first
    worktree: str | None = None  # branch in whose worktree beside the project it is to run
    worktree_metadata: bool = False  # mount the repository of a worktree
    stdin_tty: bool = False
    stdout_tty: bool = False


class CleanRequest(NamedTuple):
    """`contenant clean`: which containers, and how far it may go."""

    paths: "tuple[Target, ...]" = ()
    all: bool = False
    stale: timedelta | None = None
    images: bool = False
    force: bool = False
    purge: bool = False  # the agent's homes too


class Verdict(NamedTuple):
    """One row of a clean plan: the same in --dry-run, in the question and in JSON."""

    kind: Literal["container", "image", "home", "worktree"]
    name: str
    project: str
    engine: EngineName | Literal[""]  # "" for a home or a worktree
    action: Literal["remove", "stop", "keep", "forget"]
    reason: str  # "unused for 41d", "2 live sessions; --force removes it"
    last_used: str
    subject: str  # our id; of an image its reference, or the engine's id where it has none
    size: int = 0  # bytes of an image, layers that it shares included
    digest: str = ""  # of an image


class Outcome(NamedTuple):
    """What became of one verdict."""

    verdict: Verdict
    result: Literal["removed", "stopped", "kept", "failed", "forgotten"]
    detail: str
