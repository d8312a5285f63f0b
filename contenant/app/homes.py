"""Agents' homes in `clean --purge`: which go, and their removal. Without it they outlive their containers."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress

from contenant import config, home
from contenant.app.ledger import Ledger
from contenant.app.project import Target, identify
from contenant.app.results import CleanRequest, Outcome, Verdict
from contenant.core import changes
from contenant.core.names import container_name
from contenant.core.records import ContainerRecord
from contenant.paths import home_dir

CONTENT = "the agent's transcripts, history, settings and login"


def without_container(
    ledger: Ledger, targets: Iterable[Target], containers: Sequence[ContainerRecord]
) -> list[Target]:
    """The targets that have a home and no container: nothing but the home can go there."""
    taken = _taken(ledger, containers)
    named = ((target, _names(ledger, target)) for target in targets)
    return [target for target, names in named if names and not names & taken]


def verdicts(
    ledger: Ledger, request: CleanRequest, containers: Sequence[ContainerRecord], going: Collection[str]
) -> list[Verdict]:
    """What becomes of the homes that `--purge` is about; `going` are ids of containers that are removed.

    Those are the homes of the containers that were selected, of the paths that were named and, with --all,
    every one there is.
    """
    staying = _taken(ledger, [container for container in containers if container.id not in going])
    chosen = _taken(ledger, [container for container in containers if container.id in going])
    chosen = chosen.union(*(_names(ledger, target) for target in request.paths))
    names = _existing() if request.all else _existing() & chosen
    paths = _projects(ledger)
    return [_verdict(name, paths.get(name, ("", ""))[1], name in staying) for name in sorted(names)]


def remove(ledger: Ledger, verdict: Verdict) -> Outcome:
    """Remove a home unless a container is (still, or again) there to use it. The caller holds its lock."""
    store = ledger.store()
    if verdict.name in _taken(ledger, store.containers()):
        return Outcome(verdict, "kept", "its container stays")
    project_id, path = _projects(ledger).get(verdict.name, ("", ""))
    if project_id:
        _keep_usage(ledger, verdict.name, project_id)
    home.remove(home_dir(verdict.name))
    store.apply([changes.home_removed(verdict.name, project_id, path)])
    return Outcome(verdict, "removed", verdict.reason)


def owners(ledger: Ledger) -> dict[str, str]:
    """The homes there are whose project is on record: name -> the project's id."""
    there = _existing()
    return {name: owner[0] for name, owner in _projects(ledger).items() if name in there}


def _keep_usage(ledger: Ledger, name: str, project_id: str) -> None:
    """What the transcripts say that go now is kept."""
    from contenant.app import prices, usage  # only where a home goes

    settings = config.load(None, os.environ, {})
    with suppress(OSError):  # what cannot be read can still be removed
        usage.collect(
            ledger, usage.Home(name, project_id), prices.load(settings.usage_prices), usage.ON_DEMAND
        )


def _verdict(name: str, project: str, stays: bool) -> Verdict:
    return Verdict(
        kind="home",
        name=name,
        project=project,
        engine="",
        action="keep" if stays else "remove",
        reason="its container stays" if stays else CONTENT,
        last_used="",
        subject=name,
    )


def _taken(ledger: Ledger, containers: Iterable[ContainerRecord]) -> set[str]:
    """The names of the containers' homes. One that was renamed goes on with the home it was made with."""
    found = set()
    for container in containers:
        found |= {
            container.name,
            container_name(ledger.project_path(container.project_id), container.variant),
        }
    return found


def _names(ledger: Ledger, target: Target) -> set[str]:
    """The homes that a word on the command line stands for: of a project all, unless one is named."""
    canonical, name = identify(target.path, target.variant or "")
    if target.variant is not None:
        return {name} & _existing()
    owned = {name for name, (_, path) in _projects(ledger).items() if path == canonical}
    return {name, str(target.path), *owned} & _existing()


def _existing() -> set[str]:
    try:
        return {entry.name for entry in home_dir("x").parent.iterdir()}
    except FileNotFoundError:
        return set()


def _projects(ledger: Ledger) -> dict[str, tuple[str, str]]:
    """Container name -> id and path of its project, forgotten ones and containers that are gone included."""
    from contenant.store.lookups import further

    view = ledger.snapshot()
    found = [*view.projects(forgotten=True), *view.projects()] if view else []
    paths = {project.id: project.path for project in found}
    named = further(view) if view else []
    return {
        **{container_name(paths[owner], variant): (owner, paths[owner]) for owner, variant in named},
        **{project.name: (project.id, project.path) for project in found},
    }
