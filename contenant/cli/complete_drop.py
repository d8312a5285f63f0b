"""What completion knows of drop folders. No engine is asked."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from click.shell_completion import CompletionItem

from contenant.cli.complete import FILE, PATH, known_variants
from contenant.core.names import common_start, container_name
from contenant.errors import UsageError
from contenant.paths import home_dir

INSIDE = "/drop/"  # home.layout.DROP_TARGET; the package would be loaded for it


def dropped(project: str, name: str | None, incomplete: str) -> list[CompletionItem]:
    """Files and directories of a project's drop folder, as `get` takes them: `report.pdf`, `out/report.pdf`,
    `/drop/report.pdf`. `name`: of the container that is meant, None where it was not said.
    """
    prefix = INSIDE if incomplete.startswith(INSIDE) else ""
    above, _, start = incomplete.removeprefix(prefix).rpartition("/")
    base = f"{prefix}{above}/" if above else prefix
    if not incomplete.startswith(base + start):  # an absolute path, elsewhere
        return []
    try:
        folder = _folder(project, name)
    except UsageError:  # the command itself will say what is wrong
        return []
    found = sorted((entry, kind) for entry, kind in _entries(folder, above) if entry.startswith(start))
    return [
        CompletionItem(f"{base}{entry}", type=kind)
        for entry, kind in found
        if not (base + entry).startswith("-")  # the agent names them: none may be taken for an option
        and (start.startswith(".") or not entry.startswith("."))
    ]


def _folder(project: str, name: str | None) -> str:
    """The drop folder that `get` would look into. Raises UsageError."""
    place, variant = project, name
    if name is not None or "@" in project:
        from contenant.app.project import target  # most often the first container is meant

        path, variant = target(Path(project), name)
        place = os.fspath(path)
    place = os.path.realpath(place)
    if variant is None and _may_have_several(place):
        there = known_variants(place)
        variant = "" if "" in there else "".join(there[-1:])
    return f"{home_dir(container_name(place, variant or ''))}/drop"


def _may_have_several(place: str) -> bool:
    """Whether a project may have further containers. To look at the names of homes costs a tenth of what the
    record does.
    """
    first, start = container_name(place), common_start(place)
    try:
        return any(name != first and name.startswith(start) for name in os.listdir(home_dir(first).parent))  # noqa: PTH208 - names
    except OSError:  # nothing was ever made
        return False


def _entries(folder: str, above: str) -> Iterator[tuple[str, str]]:
    """Names and kinds in a directory of the folder. Links and what is no file are left out, as by `get`."""
    for part in above.split("/") if above else ():
        folder = f"{folder}/{part}"
        if part in ("", ".", "..") or os.path.islink(folder):  # noqa: PTH114 - a text
            return
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    yield entry.name, PATH
                elif entry.is_file(follow_symlinks=False):
                    yield entry.name, FILE
    except OSError:
        return
