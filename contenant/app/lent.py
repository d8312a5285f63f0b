"""What few runs have: the SSH agent, services and ports of this machine, a command for a new container."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from contenant.app.ledger import Ledger
    from contenant.app.project import Project
    from contenant.app.results import Ui
    from contenant.app.ssh_agent import Agent
    from contenant.core.plan_run import RunPlan
    from contenant.core.records import ContainerRecord
    from contenant.core.settings import Settings
    from contenant.core.values import EngineName
    from contenant.engines.base import Engine


def ssh(
    ledger: Ledger, project: Project, settings: Settings, plan: RunPlan, ui: Ui, *, detached: bool
) -> Agent | None:
    """The SSH agent for the session, asked for before anything is made. Raises ConfigError."""
    if plan.attach is None and not settings.ssh:
        return None
    if detached:
        ui.note("a detached session goes without the SSH agent: it is lent while contenant shows a session")
        return None
    from contenant.app import ssh_agent

    if plan.attach is None:
        return ssh_agent.wanted(settings, ui)
    return ssh_agent.again(ledger, plan.attach, project.path, settings, ui)


def services(
    ledger: Ledger, project: Project, settings: Settings, plan: RunPlan, ui: Ui, *, detached: bool
) -> tuple[int, ...]:
    """The services of this machine for the session: those asked for, or those it began with."""
    if plan.attach is None and not settings.host_services:
        return ()
    if detached:
        ui.note("a detached session goes without host services: they last while contenant shows a session")
        return ()
    from contenant.app import host_services

    if plan.attach is not None:
        return host_services.again(ledger, plan.attach, project.path)
    host_services.told(settings.host_services, ui)
    return settings.host_services


def tell_limits(engine: EngineName, settings: Settings, plan: RunPlan, ui: Ui) -> None:
    """Say which limit the engine cannot keep."""
    if "create" in plan.steps and engine == "container" and settings.pids:
        ui.warn("Apple's container has no limit of processes: pids is left out")


def check_ports(
    ledger: Ledger, settings: Settings, container: ContainerRecord | None, plan: RunPlan, ui: Ui
) -> None:
    """A port that somebody else holds is told before anything is made. Raises BusyError."""
    if "create" not in plan.steps or not settings.publish:
        return
    from contenant.app import ports

    ports.warn_of_open(settings.publish, ui)
    ports.refuse_taken(ledger, settings.publish, container)


def furnish(
    ledger: Ledger, engine: Engine, container: ContainerRecord, project: Project, settings: Settings, ui: Ui
) -> None:
    """Run the command that a dev container has for a new container."""
    if settings.post_create:
        from contenant.app import post_create

        post_create.run(ledger, engine, container, project, settings, ui)
