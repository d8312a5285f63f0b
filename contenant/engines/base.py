"""What contenant needs of a container engine: one Protocol, implemented by frozen data per engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

from contenant.core.values import ContainerReport, EngineName
from contenant.errors import EngineError, EngineUnavailableError

if TYPE_CHECKING:
    from contenant.core.values import BuildSpec, ContainerSpec, ExecSpec, ImageReport, Inspection, Load
    from contenant.engines.survey import Facts


class ContainerMissingError(EngineError):
    """The engine knows no container of that name (any more)."""

    slug = "container-missing"


class ServiceDownError(EngineUnavailableError):
    """The engine's service is not running; starting it is all that is missing."""


class OciRuntimeError(EngineError):
    """The program that starts containers for the engine cannot do so here; another one may.

    See `select.find_working_runtime`. A container keeps the runtime it was created with.
    """

    slug = "oci-runtime"


class EngineVersion(NamedTuple):
    """What answered: the client's version and, where there is a daemon, the daemon's."""

    client: str
    server: str = ""


class Listing(Protocol):
    """A container list that was asked for and is still on its way, so that other work can go on meanwhile."""

    def result(self) -> tuple[ContainerReport, ...]:
        """Wait for the answer. Raises EngineUnavailableError."""
        ...

    def cancel(self) -> None:
        """Give the answer up; what was to give it is ended."""
        ...


class Loads(Protocol):
    """What the running containers use, asked for and still on its way."""

    def result(self) -> tuple[Load, ...]:
        """Wait for the answer. Raises EngineError."""
        ...


class Survey(Protocol):
    """What has to be known before a container is made, asked for and still on its way."""

    def result(self) -> Facts:
        """Wait for the answers. Raises as `Engine.version`, `identity` and `image` do."""
        ...

    def cancel(self) -> None:
        """Give them up; what was to give them is ended."""
        ...


class Engine(Protocol):
    """One engine at one endpoint. Every call is bounded in time and raises EngineError or a child of it.

    Names are container names as contenant gives them; a reference is `name:tag`.
    """

    @property
    def name(self) -> EngineName: ...

    def version(self) -> EngineVersion:
        """Versions; raises EngineUnavailableError when missing, down or older than supported."""
        ...

    def identity(self) -> str:
        """What tells this engine's store from any other's: stable over restarts, new after a reinstall."""
        ...

    def containers(self) -> Listing:
        """Ask for all containers, running or not, ours or not."""
        ...

    def survey(self, reference: str) -> Survey:
        """Ask for versions, identity and a local image together, before a container is made of it."""
        ...

    def image(self, reference: str) -> ImageReport | None:
        """A local image, or None. Never pulls."""
        ...

    def pull(self, reference: str) -> bool:
        """Try to pull; False when no registry could serve it."""
        ...

    def import_image(self, tarball: str, reference: str, labels: Mapping[str, str]) -> None:
        """Make an image of a root file system tarball."""
        ...

    def build_warning(self) -> str:
        """What makes an image dear in this engine's store, "" for nothing; asked before one is built."""
        ...

    def build(self, spec: BuildSpec, on_line: Callable[[str], None]) -> None:
        """Build and tag; each line of output goes to `on_line`. Raises ImageBuildError."""
        ...

    def create(self, spec: ContainerSpec) -> str:
        """Create, not start; returns the engine's id. The image must be there already."""
        ...

    def start(self, name: str) -> None:
        """Start; nothing happens when it runs already."""
        ...

    def exec_argv(self, name: str, spec: ExecSpec) -> list[str]:
        """The command line, engine included, that starts a process in the running container."""
        ...

    def inspect(self, name: str) -> Inspection:
        """Everything else about one container. Raises ContainerMissingError."""
        ...

    def stop(self, name: str, seconds: int = 10) -> None:
        """Stop; nothing happens when it is stopped already."""
        ...

    def remove(self, name: str) -> None:
        """Remove a container, running or not, with its anonymous volumes. Nothing happens when it is gone."""
        ...

    def loads(self) -> Loads:
        """Ask what all running containers use, ours or not. The answer may take seconds."""
        ...

    def images(self) -> tuple[ImageReport, ...]:
        """Every image with contenant's mark, once for each of its names, and once where it has none.

        A name of ours comes as `name:tag`, without the registry that an engine puts before it.
        """
        ...

    def run_once(self, image: str, argv: Sequence[str]) -> str:
        """What a program in an image prints: in a container without network that is gone afterwards.

        The image's own entrypoint does not run. Raises EngineError where the program fails.
        """
        ...

    def save_image(self, reference: str, path: str) -> None:
        """Write an image to a file, in the engine's own kind of archive (image.archive reads all)."""
        ...

    def load_image(self, path: str, reference: str) -> None:
        """Read the one image of an archive that image.archive wrote; it has that reference then."""
        ...

    def remove_image(self, reference: str) -> None:
        """Remove an image by its reference or the engine's id. Nothing happens when it is gone."""
        ...
