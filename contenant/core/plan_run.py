"""What `run` has to do, decided from facts: create, start, replace or just attach."""

from collections.abc import Iterable
from typing import Literal, NamedTuple

from contenant.core import labels
from contenant.core.records import ContainerRecord, SessionRecord
from contenant.core.values import ContainerReport
from contenant.errors import BusyError, ForeignContainerError, NotFoundError

Step = Literal["image", "remove", "create", "start"]


class Desired(NamedTuple):
    """What the configuration and the command line ask for."""

    name: str
    image: str
    spec_hash: str
    variant: str = ""  # which of the project's containers

    @property
    def again(self) -> str:
        """The command that makes just this container anew."""
        return anew(self.variant)


def anew(variant: str) -> str:
    """The command that makes a container of the project anew, its first or a further one."""
    return f"contenant --name {variant} --recreate" if variant else "contenant --recreate"


class Facts(NamedTuple):
    """What is recorded and observed about the project's container, after reconciling."""

    record: ContainerRecord | None
    report: ContainerReport | None  # the recorded container, as the engine sees it
    holder: ContainerReport | None  # whatever bears the name
    live: tuple[SessionRecord, ...]


class Options(NamedTuple):
    """What the user asked for beyond the spec."""

    recreate: bool = False
    force: bool = False
    new: bool = False
    agent: bool = True  # no CMD given
    terminal: bool = True  # both stdin and stdout are terminals


class RunPlan(NamedTuple):
    """Steps in order, the live session to attach to (None: a new one), and what to tell the user."""

    steps: tuple[Step, ...]
    attach: SessionRecord | None
    notices: tuple[str, ...]


def plan_run(desired: Desired, facts: Facts, options: Options) -> RunPlan:
    """Decide. Raises ForeignContainerError, BusyError (live sessions at --recreate; paused; renamed)."""
    _refuse_foreign(desired, facts)
    if facts.record is None or facts.report is None:
        return RunPlan(("image", "create", "start"), None, ())
    if options.recreate:
        _refuse_busy(facts, options)
        return RunPlan(("image", "remove", "create", "start"), None, ())
    if facts.record.name != desired.name:
        raise BusyError(
            f"container {desired.name} was renamed to {facts.record.name}",
            hint=f"`{facts.record.engine} rename` it back, or `{desired.again}` makes it anew",
        )
    if facts.report.state == "paused":
        raise BusyError(
            f"container {desired.name} is paused",
            hint=f"run `{facts.record.engine} unpause {desired.name}`, or {desired.again}",
        )
    running = facts.report.state == "running"
    attach = _reattachable(facts, options) if running else None
    return RunPlan(() if running else ("start",), attach, _drift(desired, facts.record))


def _refuse_foreign(desired: Desired, facts: Facts) -> None:
    holder = facts.holder
    if holder is None or (facts.report is not None and holder.engine_id == facts.report.engine_id):
        return
    whose = "of another contenant installation" if labels.is_ours(holder.labels) else "not contenant's"
    raise ForeignContainerError(
        f"the name {desired.name} is held by a container that is {whose}",
        hint="rename or remove that container, then run contenant again",
    )


def _refuse_busy(facts: Facts, options: Options) -> None:
    if facts.live and not options.force:
        count = len(facts.live)
        raise BusyError(
            f"{count} live session{'s' if count > 1 else ''} in {facts.report.name if facts.report else ''}",
            hint="end them first, or add --force to --recreate to end them now",
        )


def _reattachable(facts: Facts, options: Options) -> SessionRecord | None:
    """The newest live agent session, when the agent is asked for on a terminal and not --new."""
    if options.new or not options.agent or not options.terminal:
        return None
    agents = [session for session in facts.live if session.has_terminal]
    return max(agents, key=lambda session: session.started, default=None)


def _drift(desired: Desired, record: ContainerRecord) -> tuple[str, ...]:
    """Resume keeps, upgrade is explicit: say what moved on, and what applies it."""
    moved = []
    if record.image != desired.image:
        moved.append(f"the image moved on ({record.image} → {desired.image})")
    if record.spec_hash != desired.spec_hash:
        moved.append("its settings differ from those it was made with")
    if not moved:
        return ()
    return (f"{' and '.join(moved)}; `{desired.again}` applies it",)


def not_found(path: str, known: Iterable[str] = (), variant: str = "") -> NotFoundError:
    """The error of a command that needs a container where there is none.

    `known` are paths of projects and names of containers, of which one may have been meant.
    """
    again = f"contenant --name {variant}" if variant else "contenant"
    hint = f"`{again}` there makes one; `contenant list` shows all"
    meant = "" if variant else _meant(path, known)
    which = f"container {variant}" if variant else "container"
    return NotFoundError(f"no {which} for {path}", hint=f"did you mean {meant}? {hint}" if meant else hint)


def _meant(path: str, known: Iterable[str]) -> str:
    """What resembles a path that was typed: by its last part, or where that is a container's name, whole."""
    from difflib import get_close_matches  # needed only when something is wrong

    word = path.rstrip("/").rpartition("/")[2]
    lasts = {
        item.rstrip("/").rpartition("/")[2]: item for item in sorted(known, reverse=True) if item != path
    }
    longer = [last for last in sorted(lasts) if word and last.startswith(word)]
    close = get_close_matches(word, sorted(lasts), 1) or longer
    return lasts[close[0]] if close else ""
