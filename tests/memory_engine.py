"""An engine that keeps its containers in memory, for property tests of what decides and what records.

It keeps the promises of `contenant.engines.base.Engine` (the contract suite runs over it, too) but runs
nothing. It can be unreachable, lose, rename or gain containers behind contenant's back, fail one call, and
crash the caller before or after the effect of any call.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

from contenant.core.labels import MANAGED
from contenant.core.values import (
    BuildSpec,
    ContainerReport,
    ContainerSpec,
    ContainerState,
    EngineName,
    ExecSpec,
    ImageReport,
    Inspection,
    Load,
)
from contenant.engines.base import ContainerMissingError, EngineVersion
from contenant.engines.survey import Pending, in_turn
from contenant.errors import EngineError, EngineUnavailableError

_T = TypeVar("_T")


class SimulatedCrashError(BaseException):
    """The caller dies here. Not an Exception, so that no handler of the code under test survives it."""


class MemoryListing(NamedTuple):
    """An answer as it stood when it was asked for."""

    reports: tuple[ContainerReport, ...]
    error: EngineUnavailableError | None = None

    def result(self) -> tuple[ContainerReport, ...]:
        if self.error is not None:
            raise self.error
        return self.reports

    def cancel(self) -> None:
        """It is here already."""


class MemoryLoads(NamedTuple):
    """What they use, or why that is not said."""

    loads: tuple[Load, ...]
    error: EngineError | None = None

    def result(self) -> tuple[Load, ...]:
        if self.error is not None:
            raise self.error
        return self.loads


class MemoryEngine:
    """See the module. `calls` holds what was asked, as `(method, argument)`, in order."""

    def __init__(self, name: EngineName = "podman", identity: str = "memory#1") -> None:
        self.name: EngineName = name
        self.calls: list[tuple[str, str]] = []
        self.specs: dict[str, ContainerSpec] = {}
        self.prints = ""  # what a program in an image prints
        self.dear = ""  # what it warns of before a build
        self.saves = b""  # what an archive of an image is
        self._identity = identity
        self._containers: dict[str, ContainerReport] = {}
        self._images: dict[str, ImageReport] = {}
        self._reachable = True
        self._failures: dict[str, EngineError] = {}
        self._crash: tuple[int, bool] | None = None
        self._made = self._asked = 0
        self._elsewhere: dict[str, tuple[str, dict[str, ContainerReport], dict[str, ImageReport]]] = {}

    # What a test does to it.

    def unreachable(self, value: bool = True) -> None:
        """From now on every call raises EngineUnavailableError, or no longer."""
        self._reachable = not value

    def fail_next(self, method: str, error: EngineError) -> None:
        """The next call of `method` has no effect and raises `error`."""
        self._failures[method] = error

    def crash_at(self, call: int, *, after: bool) -> None:
        """Raise SimulatedCrashError at the n-th call from now (1 is the next), before or after its effect."""
        self._crash = (len(self.calls) + call, after)

    def add_image(self, reference: str, labels: Mapping[str, str] | None = None) -> ImageReport:
        """Put an image in the store."""
        self._made += 1
        digest = f"sha256:{self._made:064x}"
        self._images[reference] = ImageReport(
            digest, reference, digest, labels or {}, 1000, _moment(self._made)
        )
        return self._images[reference]

    def orphan_image(self, reference: str) -> ImageReport:
        """The image loses its name, as where another is built under it."""
        image = self._images.pop(reference)
        self._images[f"@{image.digest}"] = image._replace(reference="")
        return self._images[f"@{image.digest}"]

    def add_foreign(
        self, name: str, labels: Mapping[str, str] | None = None, state: ContainerState = "running"
    ) -> None:
        """A container that somebody else made, perhaps under a name of ours."""
        self._put(name, "foreign:latest", labels or {}, state)

    def vanish(self, name: str) -> None:
        """Somebody removes a container."""
        del self._containers[name]

    def rename(self, old: str, new: str) -> None:
        """Somebody renames a container."""
        self._containers[new] = self._containers.pop(old)._replace(name=new)

    def set_state(self, name: str, state: ContainerState) -> None:
        """A container changes its state by itself, or by somebody else's hand."""
        self._containers[name] = self._containers[name]._replace(state=state)

    def stop_all(self) -> None:
        """The host restarts."""
        for name, report in self._containers.items():
            if report.state in ("running", "paused"):
                self.set_state(name, "stopped")

    def reinstall(self) -> None:
        """Another store, empty."""
        self._made += 1
        self._identity = f"{self.place()}#{self._made + 1000}"
        self._containers.clear()
        self._images.clear()

    def copy(self, name: str, new: str) -> None:
        """Somebody makes a copy of a container, labels and all."""
        self._containers[new] = self._put(new, "copy", self._containers[name].labels, "stopped")

    def replace(self, name: str) -> None:
        """Somebody makes a container anew from the same description: another id, the same labels."""
        old = self._containers.pop(name)
        self._put(name, old.image, old.labels, old.state)

    def switch(self, place: str) -> None:
        """Another daemon answers at the same socket; the first is there again when it is switched back."""
        self._elsewhere[self.place()] = (self._identity, self._containers, self._images)
        self._identity, self._containers, self._images = self._elsewhere.pop(place, (place, {}, {}))

    def place(self) -> str:
        """Where the store that answers is kept; not a call."""
        return self._identity.partition("#")[0]

    def everywhere(self) -> list[ContainerReport]:
        """The containers of every daemon; not a call."""
        stores = [self._containers, *(containers for _, containers, _ in self._elsewhere.values())]
        return [report for store in stores for report in store.values()]

    def state(self, name: str) -> ContainerState | None:
        """A container's state, None where there is none; not a call."""
        report = self._containers.get(name)
        return report.state if report else None

    # What the code under test does.

    def version(self) -> EngineVersion:
        return self._call("version", "", lambda: EngineVersion("9.9.9"))

    def identity(self) -> str:
        return self._call("identity", "", lambda: self._identity)

    def containers(self) -> MemoryListing:
        try:
            return self._call("containers", "", lambda: MemoryListing(tuple(self._containers.values())))
        except EngineUnavailableError as error:  # comes with the answer, as from a real one
            return MemoryListing((), error)

    def loads(self) -> MemoryLoads:
        try:
            return self._call("loads", "", lambda: MemoryLoads(tuple(self._loads())))
        except EngineError as error:
            return MemoryLoads((), error)

    def _loads(self) -> list[Load]:
        """Each one that runs used another tenth of a second of a processor at each question."""
        self._asked += 1
        names = sorted(name for name, one in self._containers.items() if one.state == "running")
        return [Load(name, None, self._asked / 10, 1 << 20, 1 << 30, 5) for name in names]

    def survey(self, reference: str) -> Pending:
        return in_turn(self, reference)

    def image(self, reference: str) -> ImageReport | None:
        return self._call("image", reference, lambda: self._images.get(reference))

    def pull(self, reference: str) -> bool:
        return self._call("pull", reference, lambda: False)

    def import_image(self, tarball: str, reference: str, labels: Mapping[str, str]) -> None:
        del tarball
        self._call("import_image", reference, lambda: self.add_image(reference, labels))

    def build_warning(self) -> str:
        return self.dear

    def build(self, spec: BuildSpec, on_line: Callable[[str], None]) -> None:
        def effect() -> None:
            on_line(f"building {spec.tag}")
            self.add_image(spec.tag, spec.labels)

        self._call("build", spec.tag, effect)

    def create(self, spec: ContainerSpec) -> str:
        def effect() -> str:
            if spec.name in self._containers:
                raise EngineError(f"{self.name} cannot create {spec.name}: its name is taken")
            if spec.image not in self._images:
                raise EngineError(f"{self.name} cannot create {spec.name}: its image is not there")
            self.specs[spec.name] = spec
            return self._put(spec.name, spec.image, spec.labels, "created").engine_id

        return self._call("create", spec.name, effect)

    def start(self, name: str) -> None:
        def effect() -> None:
            if self._existing(name).state == "paused":
                raise EngineError(f"{self.name} cannot start {name}: it is paused")
            self.set_state(name, "running")

        self._call("start", name, effect)

    def exec_argv(self, name: str, spec: ExecSpec) -> list[str]:
        return ["memory-engine", "exec", name, *spec.argv]

    def inspect(self, name: str) -> Inspection:
        report = self._call("inspect", name, lambda: self._existing(name))
        return Inspection(report.engine_id, "", "", (), (), 0.0, 0)

    def stop(self, name: str, seconds: int = 10) -> None:
        def effect() -> None:
            if self._existing(name).state == "running":
                self.set_state(name, "stopped")

        del seconds
        self._call("stop", name, effect)

    def remove(self, name: str) -> None:
        self._call("remove", name, lambda: self._containers.pop(name, None))

    def images(self) -> tuple[ImageReport, ...]:
        def effect() -> tuple[ImageReport, ...]:
            return tuple(image for image in self._images.values() if image.labels.get(MANAGED) == "1")

        return self._call("images", "", effect)

    def run_once(self, image: str, argv: Sequence[str]) -> str:
        def effect() -> str:
            if image not in self._images:
                raise EngineError(f"{self.name} cannot run {argv[0]} in {image}: its image is not there")
            return self.prints

        return self._call("run_once", image, effect)

    def save_image(self, reference: str, path: str) -> None:
        self._call("save_image", reference, lambda: Path(path).write_bytes(self.saves))

    def load_image(self, path: str, reference: str) -> None:
        from contenant.image.archive import look

        self._call("load_image", reference, lambda: self.add_image(reference, look(Path(path)).labels))

    def remove_image(self, reference: str) -> None:
        def effect() -> None:
            if any(report.image == reference for report in self._containers.values()):
                raise EngineError(f"{self.name} cannot remove the image {reference}: a container uses it")
            names = [key for key, image in self._images.items() if image.engine_id == reference]
            for name in [reference, *names]:
                self._images.pop(name, None)

        self._call("remove_image", reference, effect)

    def _call(self, method: str, argument: str, effect: Callable[[], _T]) -> _T:
        self.calls.append((method, argument))
        crash = self._crash if self._crash and self._crash[0] == len(self.calls) else None
        if crash and not crash[1]:
            raise SimulatedCrashError(f"before {method} {argument}")
        if not self._reachable:
            raise EngineUnavailableError(f"{self.name} did not answer within 30 s")
        if error := self._failures.pop(method, None):
            raise error
        result = effect()
        if crash:
            raise SimulatedCrashError(f"after {method} {argument}")
        return result

    def _existing(self, name: str) -> ContainerReport:
        if name not in self._containers:
            raise ContainerMissingError(f"{self.name} cannot find {name}: there is no such container")
        return self._containers[name]

    def _put(
        self, name: str, image: str, labels: Mapping[str, str], state: ContainerState
    ) -> ContainerReport:
        self._made += 1
        identifier = name if self.name == "container" else f"{self._made:064x}"
        report = ContainerReport(identifier, name, state, dict(labels), image, _moment(self._made))
        self._containers[name] = report
        return report


def _moment(count: int) -> str:
    """A moment for the n-th object, so that later objects are younger."""
    return f"2026-01-01T{count // 3600 % 24:02d}:{count // 60 % 60:02d}:{count % 60:02d}.000Z"
