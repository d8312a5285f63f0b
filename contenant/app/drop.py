"""`contenant put`, `get` and `paste`: files in and out of a project's drop folder."""

import errno
import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from contenant.app.desired import agent_ids
from contenant.app.ledger import Ledger, database_url
from contenant.app.project import Project, resolve
from contenant.app.select import one
from contenant.core import changes
from contenant.core.changes import Change
from contenant.core.plan_run import anew
from contenant.errors import ConfigError, NotFoundError, PathRefusedError, StateError, UsageError
from contenant.home import drop
from contenant.home.drop import Source, Target
from contenant.home.layout import DROP_TARGET
from contenant.paths import ensure_private, home_dir, state_dir

_LISTED = "`contenant get` alone lists what is there"
_NO_FILE = "give the path of a file or directory of this machine"
_UNWRITABLE = (errno.EROFS, errno.ENOSPC, errno.EDQUOT)
MOST = 1024**3  # bytes of one file or directory, unless more is asked for


class Request(NamedTuple):
    """What `put` and `get` have in common."""

    project: Path
    to: str = ""  # put: a name in the folder; get: where to
    force: bool = False
    most: int = MOST  # bytes
    variant: str | None = None  # which of its containers; None: its first, where there is none the newest


class Passed(NamedTuple):
    """A file or directory that went in or out."""

    path: str  # put: where it is in the container; get: on this machine
    source: str
    size: int  # bytes
    files: int
    left_out: tuple[str, ...]


def put(request: Request, files: Sequence[str]) -> list[Passed]:
    """Copy files and directories of this machine in.

    Raises NotFoundError, BusyError, DropError, PathRefusedError, UsageError.
    """
    if request.to and len(files) != 1:
        raise UsageError("--to names one file", hint="leave it out, or put one file at a time")
    with _folder(request) as place:
        return [place.noted(changes.drop_put, _put_one(place, request, file)) for file in files]


def _put_one(place: "_Place", request: Request, file: str) -> Passed:
    real = os.path.realpath(file)
    base = os.path.basename(os.path.normpath(file))  # noqa: PTH119 - texts
    name = drop.safe_name(request.to or (base if base not in ("..", ".") else os.path.basename(real)))  # noqa: PTH119
    _refuse_state(real, file)
    try:
        with drop.opened(os.path.realpath(os.path.dirname(real))) as parent:  # noqa: PTH120
            source = Source(parent, os.path.basename(real) or ".", file, _NO_FILE)  # noqa: PTH119
            target = Target(place.handle, name, place.home, drop.inside(name), request.force, place.owner)
            done = drop.copy(source, target, request.most)
    except FileNotFoundError:
        raise NotFoundError(f"no such file: {file}", hint=_NO_FILE) from None
    return Passed(drop.inside(name), real, *done)


def put_data(request: Request, name: str, data: bytes) -> Passed:
    """Put bytes in under a name, such as those of the clipboard."""
    with _folder(request) as place:
        bench = ensure_private(home_dir(place.project.name) / ".paste")
        made = bench / name
        try:
            made.write_bytes(data)
            with drop.opened(bench) as parent:
                target = Target(place.handle, name, place.home, drop.inside(name), request.force, place.owner)
                done = drop.copy(Source(parent, name, name), target, request.most)
        finally:
            made.unlink(missing_ok=True)
        return place.noted(changes.drop_put, Passed(drop.inside(name), "clipboard", *done))


def get(request: Request, names: Sequence[str]) -> list[Passed]:
    """Copy entries of the folder out, into a directory or, one alone, to a path that is free.

    Raises NotFoundError, BusyError, DropError, PathRefusedError.
    """
    wanted = request.to or "."
    directory = os.path.isdir(wanted) or wanted.endswith("/")  # noqa: PTH112 - the slash is lost on a Path
    if not directory and len(names) != 1:
        raise NotFoundError(f"no such directory: {wanted}", hint="several files go into a directory")
    base = wanted if directory else os.path.dirname(wanted) or "."  # noqa: PTH120 - texts
    with _folder(request) as place, _destination(place.project, base) as parent:
        result = []
        for name in names:
            path = _below(name)
            new = path[-1] if directory else os.path.basename(wanted)  # noqa: PTH119
            shown = os.path.join(base, new)  # noqa: PTH118
            target = Target(parent, new, parent, shown, request.force)
            done = _get_one(place, path, target, request.most)
            at = os.path.abspath(shown)  # noqa: PTH100 - follows nothing
            passed = Passed(at, drop.inside("/".join(path)), *done)
            result.append(place.noted(changes.drop_got, passed))
        return result


def _get_one(place: "_Place", path: Sequence[str], target: Target, most: int) -> drop.Copied:
    *above, last = path
    with _descended(place.handle, above, f"{DROP_TARGET}/{'/'.join(path)}") as parent:
        return drop.copy(Source(parent, last, drop.inside("/".join(path)), _LISTED), target, most)


def listing(project: Path, variant: str | None = None) -> list[drop.Entry]:
    """What is in a project's drop folder, of the container that a Request would mean."""
    with Ledger(database_url(os.environ)) as ledger:
        return drop.entries(home_dir(_project(ledger, project, variant).name) / "drop")


class _Place(NamedTuple):
    """A project's folder, open."""

    ledger: Ledger
    project: Project
    handle: int
    home: int  # its parent, where nobody else writes
    owner: tuple[int, int] | None

    def noted(self, change: Callable[[str, str, str, int], Change], passed: Passed) -> Passed:
        """Put on record what went in or out."""
        record = self.ledger.project(self.project.path)
        entry = passed.path if change is changes.drop_put else passed.source
        self.ledger.store().apply(
            [change(self.project.name, record.id if record else "", entry, passed.size)]
        )
        return passed


@contextmanager
def _folder(request: Request) -> Iterator[_Place]:
    with Ledger(database_url(os.environ)) as ledger:
        project = _project(ledger, request.project, request.variant)
        _refuse_without(ledger, project)
        home, owner = ensure_private(home_dir(project.name)), agent_ids(project)
        try:
            folder = drop.prepare(home, owner)
            with drop.opened(home) as parent, drop.opened(folder) as handle:
                yield _Place(ledger, project, handle, parent, owner if os.getuid() == 0 else None)
        except PermissionError as error:
            raise ConfigError(f"cannot use {home}: {error.strerror}", hint="see that it is yours") from error
        except OSError as error:
            if error.errno not in _UNWRITABLE:
                raise
            raise StateError(
                f"cannot copy the files of {project.path}: {error.strerror}",
                hint=f"see that {home} can be written and its disk has room, or the directory given by --to",
            ) from error


def _project(ledger: Ledger, path: Path, variant: str | None) -> Project:
    """The project as the container has it that is meant."""
    project = resolve(path, force=True, variant=variant or "")
    if variant is not None:
        return project
    record, view = ledger.project(project.path), ledger.snapshot()
    found = one(view.containers(project_id=record.id), None) if record and view else None
    return resolve(path, force=True, variant=found.variant) if found else project


def _refuse_without(ledger: Ledger, project: Project) -> None:
    """A container that was made without the folder would not find what is put there."""
    view = ledger.snapshot()
    for container in view.containers() if view else ():
        mounts = (
            json.loads(container.spec or "{}").get("mounts", ()) if container.name == project.name else ()
        )
        if mounts and DROP_TARGET not in {mount["target"] for mount in mounts}:
            raise NotFoundError(
                f"{container.name} was made without a drop folder",
                hint=f"`{anew(container.variant)}` gives it one",
            )


def _refuse_state(real: str, file: str) -> None:
    state = os.path.realpath(state_dir())
    if real == state or real.startswith(f"{state}/") or state.startswith(f"{real.rstrip('/')}/"):
        raise PathRefusedError(
            f"{file} holds contenant's own state", hint="an agent must never reach the records about it"
        )


def _below(name: str) -> list[str]:
    """`report.pdf`, `out/report.pdf` or `/drop/report.pdf` as its parts. Raises UsageError."""
    text = name.removeprefix(f"{DROP_TARGET}/") if name.startswith("/") else name
    parts = [part for part in text.split("/") if part not in ("", ".")]
    if text.startswith("/") or not parts or ".." in parts:
        raise UsageError(f"not in the drop folder: {name}", hint=_LISTED)
    return parts


@contextmanager
def _destination(project: Project, base: str) -> Iterator[int]:
    """The directory that files are to go to, open. Below the project, which is also the agent's, none."""
    path = os.path.abspath(base)  # noqa: PTH100 - follows nothing
    below = _below_project(path, project.path)
    if below is not None:
        with drop.opened(project.path) as handle, _descended(handle, below, base) as found:
            yield found
        return
    try:
        handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise NotFoundError(f"cannot write to {base}: {error.strerror}") from None
    try:
        yield handle
    finally:
        os.close(handle)


def _below_project(path: str, root: str) -> list[str] | None:
    """The steps from the project to a path that enters it, else None. Links up to there are the user's."""
    parts = path.split("/")[1:]
    for count in range(len(parts) + 1):
        real = os.path.realpath(f"/{'/'.join(parts[:count])}")
        if real == root or real.startswith(f"{root.rstrip('/')}/"):
            return [part for part in (*real[len(root) :].split("/"), *parts[count:]) if part]
    return None


@contextmanager
def _descended(start: int, path: Sequence[str], shown: str) -> Iterator[int]:
    """A directory below an open one, reached without a link. Raises NotFoundError."""
    handle = os.dup(start)
    try:
        for part in path:
            try:
                below = os.open(
                    part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=handle
                )
            except OSError as error:
                raise NotFoundError(
                    f"cannot use {shown}: {part} is no directory ({error.strerror})",
                    hint="links are not followed there",
                ) from None
            os.close(handle)
            handle = below
        yield handle
    finally:
        os.close(handle)
