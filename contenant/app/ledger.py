"""The records as one command sees them: cheap reads first, the store only where something is written."""

from __future__ import annotations

import os
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Self

from contenant import host
from contenant.paths import config_dir

if TYPE_CHECKING:
    from contenant.core.engine_names import EngineName
    from contenant.core.reconcile import Recorded
    from contenant.core.records import ContainerRecord, ProjectRecord
    from contenant.store.reads import Reads
    from contenant.store.store import Store


def database_url(env: Mapping[str, str]) -> str:
    """`config.database_url`, without loading the settings where nothing can be set. Raises ConfigError."""
    if not any(name.startswith("CONTENANT_") and name != "CONTENANT_HOME" for name in env):
        try:
            os.lstat(config_dir() / "config.toml")
        except (FileNotFoundError, NotADirectoryError):
            return ""
        except OSError:
            pass  # config says what is wrong
    from contenant import config

    return config.database_url(env)


class Ledger:
    """Opens the snapshot or the store when first asked, and closes both at the end."""

    def __init__(self, database_url: str = "") -> None:
        self._url = database_url
        self._store: Store | None = None
        self._snapshot: Reads | None = None
        self._paths: dict[str, str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the database; the next use opens it again."""
        if self._store is not None:
            self._store.close()
        if self._snapshot is not None:
            self._snapshot.close()
        self._store = self._snapshot = self._paths = None

    def store(self) -> Store:
        """The store, migrated. Raises StateError."""
        if self._store is None:
            from contenant.store.store import open_store

            self._store = open_store(self._url or None, now=host.now, host_id=host.installation_id())
        return self._store

    def snapshot(self) -> Reads | None:
        """A read-only view, None where there is no database yet."""
        if self._snapshot is None:
            from contenant.store.snapshot import open_snapshot

            self._snapshot = open_snapshot(self._url or None, host.installation_id())
        return self._snapshot

    def read(self, engine: EngineName) -> Recorded:
        """Containers of one engine that are not gone, and their live sessions."""
        from contenant.core.reconcile import Recorded  # history and completion compare nothing

        source = self._store or self.snapshot()
        if source is None:
            return Recorded((), ())
        containers = tuple(c for c in source.containers() if c.engine == engine)
        ids = {container.id for container in containers}
        return Recorded(containers, tuple(s for s in source.live_sessions() if s.container_id in ids))

    def project(self, path: str) -> ProjectRecord | None:
        """The record of a project by its canonical path."""
        source = self._store or self.snapshot()
        return source.project_by_path(path) if source else None

    def known_paths(self, prefix: str) -> list[str]:
        """Paths of projects that start with `prefix`, in order. Raises ContenantError."""
        from contenant.store.known_paths import known_paths  # for completion alone

        found = known_paths(self._url or None, host.installation_id(), prefix)
        if found is not None:
            return found
        view = self.snapshot()
        return view.project_paths(prefix) if view else []

    def known_variants(self, path: str) -> list[str]:
        """What the containers of the project at a canonical path are called, "" the first, the one used last
        at the end. Raises ContenantError.
        """
        from contenant.store.known_paths import known_variants  # for completion alone

        found = known_variants(self._url or None, host.installation_id(), path)
        if found is not None:
            return found
        record, view = self.project(path), self.snapshot()
        known = view.containers(project_id=record.id) if record and view else []
        return [container.variant for container in sorted(known, key=lambda each: each.last_used)]

    def project_path(self, project_id: str) -> str:
        """A project's path, "" where the id is unknown."""
        if self._paths is None:
            source = self._store or self.snapshot()
            self._paths = {p.id: p.path for p in source.projects()} if source else {}
        return self._paths.get(project_id, "")

    def container_of(
        self, project: ProjectRecord | None, engine: EngineName, variant: str = ""
    ) -> ContainerRecord | None:
        """The project's newest container of that name on one engine, in whichever of its stores."""
        own = project.id if project else ""
        mine = [c for c in self.read(engine).containers if (c.project_id, c.variant) == (own, variant)]
        return mine[-1] if mine else None
