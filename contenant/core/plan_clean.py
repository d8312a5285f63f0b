"""What `clean` would remove, with a reason per row. Pure, so that the dry run is the plan itself."""

from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from contenant.core import ages
from contenant.core.values import ContainerState


class Candidate(NamedTuple):
    """A container of ours, as recorded and just observed."""

    id: str
    name: str
    project: str
    state: ContainerState
    ours: bool  # bears our labels in the engine's own report
    reachable: bool  # the engine answered
    live: int  # live sessions
    last_used: str
    selected: bool  # named on the command line, or --all
    project_exists: bool


class Judgement(NamedTuple):
    """Remove or keep, and why."""

    action: Literal["remove", "keep"]
    reason: str


def judge(candidate: Candidate, stale: timedelta | None, force: bool, now: datetime) -> Judgement | None:
    """The verdict on one container; None when it was neither named nor is stale.

    Never an object without our labels, one whose engine did not answer or that is in an unknown state, nor,
    without `force`, one that runs or is paused. Age is time since last activity.
    """
    unused = now - ages.from_text(candidate.last_used)
    is_stale = stale is not None and unused >= stale
    if not candidate.selected and not is_stale:
        return None
    refusal = _refusal(candidate, force)
    if refusal:
        return Judgement("keep", refusal)
    return Judgement("remove", _reason(candidate, stale, now))


def _refusal(candidate: Candidate, force: bool) -> str:
    if not candidate.reachable:
        return "its engine did not answer"
    if candidate.state == "unknown" and not candidate.ours:
        return "it is not in the store that answers; if its own is gone for good, say --reinstalled"
    if not candidate.ours:
        return "it does not bear contenant's labels"
    if candidate.state == "unknown":
        return "its state is unknown"
    if candidate.live and not force:
        return f"{sessions_text(candidate.live)}; --force ends and removes"
    if candidate.state == "running" and not candidate.live and not force:
        return "it is running; `contenant stop` stops it, --force removes it"
    if candidate.state == "paused" and not force:
        return "it is paused; --force removes it"
    return ""


def _reason(candidate: Candidate, stale: timedelta | None, now: datetime) -> str:
    parts = [f"unused for {ages.age(candidate.last_used, now)}" if stale is not None else "named"]
    if candidate.selected and stale is None:
        parts = [f"asked for, last used {ages.ago(candidate.last_used, now)}"]
    if not candidate.project_exists:
        parts.append("project is gone")
    if candidate.live:
        parts.append(f"{sessions_text(candidate.live)} forced")
    return ", ".join(parts)


def sessions_text(count: int) -> str:
    """`1 live session`, `2 live sessions`."""
    return f"{count} live session{'' if count == 1 else 's'}"
