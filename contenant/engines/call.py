"""Calls to an engine's command line: bounded in time, failures turned into errors that say what next."""

import contextlib
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from contenant.core.values import ContainerReport, EngineName
from contenant.engines.base import OciRuntimeError
from contenant.errors import EngineError, EngineUnavailableError, ImageBuildError
from contenant.spawn import ProcessTimeoutError, Result, Spawned, built_env

if TYPE_CHECKING:
    from contenant.process import Pending

T = TypeVar("T")
_TAIL = 6  # lines of a build that its failure is looked for in


class Timeouts(NamedTuple):
    """Seconds a call may take."""

    quick: float = 30.0  # versions, lists, inspections: no engine needs more unless it hangs
    change: float = 120.0  # create, start, remove: a cold disk, the boot of a VM
    transfer: float = 1800.0  # pulls and imports
    build: float = 7200.0


class Symptom(NamedTuple):
    """A text an engine prints when it fails, and what it means."""

    pattern: str  # regular expression, searched for in stderr, case ignored
    error: type[EngineError]
    meaning: str  # "" to show the engine's own line
    hint: str = ""


# What every engine passes on from the system.
COMMON = (
    Symptom(
        r"address already in use|port is already allocated",
        EngineError,
        "",
        "another program holds the port on the host; publish another one",
    ),
    Symptom(
        r"no space left on device", EngineError, "the disk is full", "make room, then run the command again"
    ),
)


class Caller(NamedTuple):
    """How to reach one engine, and how to read what it says when it fails."""

    name: EngineName
    command: tuple[str, ...]  # with options that go before every subcommand
    symptoms: tuple[Symptom, ...]
    wedged: str  # what to do when it does not answer
    timeouts: Timeouts = Timeouts()

    def begin(self, args: Iterable[str], *, stdin: bytes | None = None) -> "Answer":
        """Start a call whose answer is wanted later. Raises EngineUnavailableError without an executable."""
        from contenant.process import start  # a list needs none of it

        argv = [*self.command, *args]
        try:
            return Answer(self, start(argv, stdin=stdin))
        except OSError as error:
            raise self._not_there(error) from None

    def begin_list(self, args: Iterable[str]) -> "Answer":
        """As `begin`, for a call that leaves nothing running."""
        try:
            return Answer(self, Spawned([*self.command, *args]))
        except OSError as error:
            raise self._not_there(error) from None

    def ask(self, args: Iterable[str], *, timeout: float = 0.0) -> Result:
        """A call whose exit code the caller reads, a quick one unless `timeout` says seconds.

        Raises EngineUnavailableError.
        """
        return self.begin(args).result(timeout or self.timeouts.quick)

    def run(self, doing: str, args: Iterable[str], *, timeout: float = 0.0) -> Result:
        """A call that must succeed; `doing` completes "cannot …". Raises EngineError."""
        result = self.ask(args, timeout=timeout)
        if result.code != 0:
            raise self.failure(doing, result.stderr)
        return result

    def follow(self, args: Sequence[str], on_line: Callable[[str], None], **environ: str) -> Result:
        """A long call whose lines are shown as they come; the result holds the last of them, as stderr.

        `environ` is added to the built environment. Raises EngineUnavailableError.
        """
        tail: list[str] = []

        def show(line: str) -> None:
            tail.append(line)
            del tail[:-_TAIL]
            on_line(line)

        from contenant.process import stream

        argv, env = [*self.command, *args], built_env() | environ
        try:
            code = stream(argv, show, timeout=self.timeouts.build, env=env)
        except ProcessTimeoutError as error:
            raise self.unanswered(error.seconds) from None
        except OSError as error:
            raise self._not_there(error) from None
        return Result(code, "", "\n".join(tail))

    def check_build(self, tag: str, result: Result) -> None:
        """Raise what a build failed of: the engine's own trouble as such, else ImageBuildError."""
        if result.code == 0:
            return
        error = self.failure(f"build {tag}", result.stderr)
        if isinstance(error, (EngineUnavailableError, OciRuntimeError)):
            raise error
        if re.search(r"no space left on device", result.stderr, re.IGNORECASE):  # whoever says so
            raise ImageBuildError(
                f"{self.name} cannot build {tag}: no space left on device",
                hint="make room (`contenant image prune` may), then build again",
            )
        # not the error's meaning: the lines may be those of any program that the build ran
        raise ImageBuildError(
            f"{self.name} cannot build {tag}: {_last_line(result.stderr)}", hint="the build's output says why"
        )

    def failure(self, doing: str, stderr: str) -> EngineError:
        """What a failed call means."""
        for symptom in self.symptoms:
            if re.search(symptom.pattern, stderr, re.IGNORECASE):
                meaning = symptom.meaning or _last_line(stderr)
                return symptom.error(f"{self.name} cannot {doing}: {meaning}", hint=symptom.hint)
        return EngineError(f"{self.name} cannot {doing}: {_last_line(stderr)}")

    @contextlib.contextmanager
    def reading(self, what: str) -> Iterator[None]:
        """Turn an answer that cannot be understood into EngineUnavailableError: then nothing is known."""
        try:
            yield
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise EngineUnavailableError(
                f"{self.name} describes {what} in a way contenant cannot read ({error})",
                hint=f"is `{self.name}` on PATH the real one, in a supported version? See `contenant doctor`",
            ) from error

    def unanswered(self, seconds: float) -> EngineUnavailableError:
        return EngineUnavailableError(f"{self.name} did not answer within {seconds:g} s", hint=self.wedged)

    def _not_there(self, error: OSError) -> EngineUnavailableError:
        if isinstance(error, FileNotFoundError):
            from contenant.engines.versions import GATES, hint_for  # rarely wanted

            return EngineUnavailableError(
                f"{self.name}: no such command on PATH",
                hint=hint_for(GATES[self.name].install, sys.platform),
            )
        return EngineUnavailableError(f"{self.name} cannot be started: {error.strerror}", hint=self.wedged)


class Answer(NamedTuple):
    """An answer that may still be on its way."""

    caller: Caller
    pending: "Pending | Spawned"

    def result(self, timeout: float) -> Result:
        """Raises EngineUnavailableError when it does not come within `timeout` seconds of the question."""
        try:
            return self.pending.result(timeout)
        except ProcessTimeoutError as error:
            raise self.caller.unanswered(error.seconds) from None

    def read(self, doing: str, what: str, reader: Callable[[str], T]) -> T:
        """What `reader` makes of it. Raises EngineUnavailableError, and EngineError where the call failed."""
        result = self.result(self.caller.timeouts.quick)
        if result.code != 0:
            raise self.caller.failure(doing, result.stderr)
        with self.caller.reading(what):
            return reader(result.stdout)


class PendingListing(NamedTuple):
    """An engine's container list, asked for and read when it is wanted."""

    answer: Answer
    read: Callable[[str], tuple[ContainerReport, ...]]

    def result(self) -> tuple[ContainerReport, ...]:
        return self.answer.read("list its containers", "its containers", self.read)

    def cancel(self) -> None:
        self.answer.pending.cancel()


def _last_line(stderr: str) -> str:
    """The line that says why: the last one that is no log line, without its "Error:"."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    telling = [line for line in lines if not line.startswith(("time=", "See '", "Run '"))] or lines
    # docker repeats the container's name in a last line of its own
    telling = [
        line for line in telling if not line.startswith("Error: failed to start containers")
    ] or telling
    line = telling[-1] if telling else "it gave no reason"
    return re.sub(r"^(Error: |Error response from daemon: |docker: )+", "", line)
