"""What completion knows from the record: hosts, images, containers, ports. No engine is asked."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from click.shell_completion import CompletionItem

from contenant.cli.complete import on_record

if TYPE_CHECKING:
    from contenant.store.reads import Reads

_RECENT = 500  # attempts that are looked at for hosts


def suggest(source: str, incomplete: str, project: str = ".") -> list[CompletionItem]:
    """What begins with what is typed, each once. `source`: one of `SOURCES`; `project`: a path."""
    path = os.path.realpath(project)
    found: dict[str, str] = {}
    for value, about in on_record(lambda view: list(SOURCES[source](view, path))):
        found.setdefault(value, about)
    return [
        CompletionItem(value, help=about) for value, about in found.items() if value.startswith(incomplete)
    ]


Pairs = Iterable[tuple[str, str]]


def _refused(view: Reads, path: str) -> Iterator[tuple[str, str]]:
    """Hosts that were refused lately, as `firewall allow` takes them."""
    project = view.project_by_path(path)
    for row in view.egress(project.id, refused=True, limit=_RECENT) if project else ():
        if row.destination and row.destination != "…":
            yield row.destination, "was refused"


def _reached(view: Reads, path: str) -> Iterator[tuple[str, str]]:
    """Hosts that were tried lately."""
    project = view.project_by_path(path)
    for row in view.egress(project.id, limit=_RECENT) if project else ():
        if row.destination and row.destination != "…":
            yield row.destination, "was refused" if row.verdict in ("deny", "would-deny") else "was reached"


def _rules(view: Reads, path: str) -> Iterator[tuple[str, str]]:
    """Entries of the rules that were given by command."""
    for rule in view.rules(path):
        if rule.kind != "mode":
            yield rule.text, f"{rule.kind}{f': {rule.reason}' if rule.reason else ''}"


def _images(view: Reads, _path: str) -> Iterator[tuple[str, str]]:
    """Tags of images on record."""
    for image in view.images():
        yield image.reference.rpartition(":")[2], f"{image.layer}, {image.built[:10]}"


def _containers(view: Reads, _path: str) -> Iterator[tuple[str, str]]:
    """Names of containers."""
    projects = {project.id: project.path for project in view.projects()}
    for container in view.containers():
        yield container.name, projects.get(container.project_id, "")


def _ports(view: Reads, path: str) -> Iterator[tuple[str, str]]:
    """Ports that the command line published."""
    import json

    project = view.project_by_path(path)
    for container in view.containers(project_id=project.id) if project else ():
        for text in json.loads(container.flags).get("publish", ()):
            yield text, container.name


SOURCES: dict[str, Callable[[Reads, str], Pairs]] = {
    "refused": _refused,
    "reached": _reached,
    "rules": _rules,
    "images": _images,
    "containers": _containers,
    "ports": _ports,
}


def agent(words: list[str], before: list[str], incomplete: str) -> list[CompletionItem]:
    """What may follow `--`: the agent, and its own options, commands and values.

    `words` stand behind `--`, `before` in front of it: the project's path may be among those.
    """
    if not words:
        return [CompletionItem("claude", help="the agent")] if "claude".startswith(incomplete) else []
    if words[0] != "claude":
        return []
    from contenant.app.agent_flags import known

    options = known(_version(before))
    values = next((values for name, values, _ in options if name == words[-1]), [])
    if values and not incomplete.startswith("-"):
        return [CompletionItem(value) for value in dict.fromkeys(values) if value.startswith(incomplete)]
    fitting = [(name, about) for name, _, about in options if name.startswith(incomplete)]
    flags = incomplete.startswith("-")
    return [
        CompletionItem(name, help=about)
        for name, about in fitting
        if name.startswith("-") == flags and (flags or len(words) == 1)
    ]


def _version(before: list[str]) -> str:
    """The agent's version in the container of the project that the command line means, "" where none is."""
    from contenant.core.versions import tagged_version

    named = [word for word in before if not word.startswith("-") and Path(word).is_dir()]
    path = os.path.realpath(named[-1] if named else ".")

    def ask(view: Reads) -> list[str]:
        project = view.project_by_path(path)
        return [container.image for container in view.containers(project_id=project.id)] if project else []

    return "".join(tagged_version(image) for image in on_record(ask)[-1:])
