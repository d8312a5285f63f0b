"""Very many containers of one installation: tiny ones never started, and contenant's record of each.

The first is made by contenant itself, from its own image; the records of the others are that one's with their
own ids, names and moments, written through the store as `contenant` writes them. Each bears the labels of the
peers, too, so that every tool finds as many.
"""

from __future__ import annotations

import base64
import json
import sqlite3
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from contenant.core import changes, labels
from contenant.core.ages import to_text
from contenant.core.names import container_name
from contenant.core.records import ContainerRecord, ProjectRecord
from contenant.store.store import open_store
from tests.bench.peers_places import TINY, Place, call

WORKERS = 4  # an engine makes containers one after the other, and waits for the disk meanwhile


class Installation(NamedTuple):
    """A contenant on one engine: its program, its environment, its database."""

    program: str
    env: Mapping[str, str]
    home: Path

    def ok(self, *words: str, cwd: Path = Path("/")) -> str:
        """A command's output. Raises RuntimeError."""
        return call("env", "-C", str(cwd), self.program, *words, env=self.env)

    @property
    def database(self) -> Path:
        return self.home / "state/contenant.db"


class Fleet:
    """The containers of one engine, ever more of them."""

    def __init__(self, place: Place, installation: Installation, projects: Path, *, beside: int = 0) -> None:
        self.place, self.installation, self.projects = place, installation, projects
        self.count, self.beside = 0, beside  # containers that contenant made itself
        self.model, self.host = self._model()

    def grow(self, count: int) -> None:
        """Make what is missing to `count`, and prove that contenant knows them all."""
        wanted = range(self.count, count)
        paths = [self.projects / f"project-{number:05d}" for number in wanted]
        for path in paths:
            path.mkdir(parents=True)
        with self._store() as store:
            rows = [self._records(path, store.new_id(), store.new_id()) for path in paths]
            with ThreadPoolExecutor(WORKERS) as pool:
                made = list(pool.map(self._create, (container for _, container in rows), paths))
            store.apply(
                [step for row, engine_id in zip(rows, made, strict=True) for step in _made(*row, engine_id)]
            )
        self.count = count
        self._prove()

    def _model(self) -> tuple[ContainerRecord, str]:
        """The record of a container that contenant makes and removes, and the host's id."""
        path = self.projects / "model"
        path.mkdir(parents=True)
        self.installation.ok("--", "true", cwd=path)
        with closing(sqlite3.connect(self.installation.database)) as database:
            database.row_factory = sqlite3.Row
            row = dict(database.execute("SELECT * FROM container").fetchone())
        self.installation.ok("clean", str(path), "--yes")
        path.rmdir()
        return ContainerRecord(**{name: row[name] for name in ContainerRecord._fields}), str(row["host"])

    def _store(self):  # type: ignore[no-untyped-def]
        return open_store(
            f"sqlite:///{self.installation.database}", now=lambda: datetime.now(UTC), host_id=self.host
        )

    def _records(self, path: Path, project: str, container: str) -> tuple[ProjectRecord, ContainerRecord]:
        moment, name = to_text(datetime.now(UTC)), container_name(str(path))
        owner = ProjectRecord(project, str(path), name, moment, moment)
        fresh = {"created": moment, "last_seen": moment, "last_used": moment, "gone": "", "gone_why": ""}
        return owner, self.model._replace(
            id=container, project_id=project, name=name, engine_id="", state="created", **fresh
        )

    def _create(self, container: ContainerRecord, path: Path) -> str:
        marks = {**_own(container, path, self.host), **_others(container.name, path)}
        words = [word for name, value in marks.items() for word in ("--label", f"{name}={value}")]
        return self.place.call("create", "--network", "none", "--name", container.name, *words, TINY, "sh")

    def _prove(self) -> None:
        listed = json.loads(self.installation.ok("list", "--json"))
        states = {row["state"] for row in listed}
        if len(listed) != self.count + self.beside or states - {"created", "stopped", "running"}:
            raise RuntimeError(f"contenant lists {len(listed)} of {self.count} containers: {states}")


def _made(project: ProjectRecord, container: ContainerRecord, engine_id: str) -> Iterable[changes.Change]:
    yield changes.project_added(project)
    yield changes.container_creating(container)
    yield changes.container_created(container, engine_id)


def _own(container: ContainerRecord, path: Path, host: str) -> dict[str, str]:
    return {
        labels.MANAGED: "1",
        labels.HOST: labels.encode(host),
        labels.PROJECT: labels.encode(str(path)),
        labels.CONTAINER: container.id,
        labels.IMAGE: container.image,
        labels.SPEC: container.spec_hash,
        labels.POLICY: container.policy,
    }


def _others(name: str, path: Path) -> dict[str, str]:
    """What a script and the peers know their containers by."""
    return {
        "bench": "1",
        "vibepod.managed": "true",
        "vibepod.agent": "claude",
        "vibepod.workspace": str(path),
        "cubbi.session": "true",
        "cubbi.session.id": name,
        "cubbi.session.name": name,
        "cubbi.image": TINY,
        "app": "paude",
        "paude.io/session-name": name,
        "paude.io/workspace": base64.urlsafe_b64encode(str(path).encode()).decode(),
        "paude.io/agent": "claude",
    }
