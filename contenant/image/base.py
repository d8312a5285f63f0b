"""The base image: in the engine's store, pulled from a registry, or made from Debian's packages."""

import os
import shutil
import sys
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from contenant.core import labels
from contenant.errors import ImageBuildError
from contenant.image.apt import SUITE, Sources
from contenant.paths import cache_dir, ensure_private
from contenant.process import ProcessTimeoutError, stream

if TYPE_CHECKING:
    from contenant.engines.base import Engine

BOOTSTRAPPED = f"localhost/contenant-base:{SUITE}"
Origin = Literal["local", "pulled", "bootstrapped"]
_LIMIT = 1800.0  # seconds


class Base(NamedTuple):
    """A base image in the engine's store, and which way it came there."""

    reference: str
    origin: Origin
    digest: str


def provide(engine: "Engine", wanted: str, sources: Sources, on_step: Callable[[str], None]) -> Base:
    """The wanted image if the engine has it or can pull it, else one made from packages.

    One that was made before is taken before a pull is tried: without a registry that takes long to fail.
    Raises ImageBuildError, EngineError.
    """
    if report := engine.image(wanted):
        return Base(wanted, "local", report.digest)
    if report := engine.image(BOOTSTRAPPED):
        return Base(BOOTSTRAPPED, "bootstrapped", report.digest)
    on_step(f"pulling {wanted}")
    if engine.pull(wanted) and (report := engine.image(wanted)):
        return Base(wanted, "pulled", report.digest)
    on_step("no registry answers: making the base image from Debian's packages")
    _bootstrap(engine, wanted, sources, on_step)
    report = engine.image(BOOTSTRAPPED)
    if report is None:
        raise ImageBuildError(f"{engine.name} imported {BOOTSTRAPPED}, but does not show it")
    return Base(BOOTSTRAPPED, "bootstrapped", report.digest)


def _bootstrap(engine: "Engine", wanted: str, sources: Sources, on_step: Callable[[str], None]) -> None:
    if not shutil.which("mmdebstrap"):
        raise ImageBuildError(
            f"the base image {wanted} cannot be pulled, and it cannot be made here", hint=_hint()
        )
    folder = ensure_private(cache_dir() / "base")
    tarball = folder / f"{SUITE}.tar"
    try:
        _run(command(tarball, sources, os.geteuid()), on_step)
        engine.import_image(str(tarball), BOOTSTRAPPED, {labels.MANAGED: "1", labels.LAYER: "debian"})
    finally:
        tarball.unlink(missing_ok=True)


def command(tarball: Path, sources: Sources, uid: int) -> list[str]:
    """mmdebstrap's command line. Without root it uses a user namespace; without mirrors, its own default."""
    return [
        *("mmdebstrap", "--variant=minbase", f"--mode={'root' if uid == 0 else 'unshare'}"),
        *(f"--aptopt={line}" for line in sources.options()),
        *(SUITE, str(tarball)),
        *sources.lines(),
    ]


def _run(argv: Sequence[str], on_step: Callable[[str], None]) -> None:
    tail: deque[str] = deque(maxlen=40)

    def keep(line: str) -> None:
        tail.append(line)
        on_step(line)

    try:
        code = stream(argv, keep, timeout=_LIMIT)
    except (OSError, ProcessTimeoutError) as error:
        raise ImageBuildError(
            f"mmdebstrap: {error}", hint="try again; `mmdebstrap --help` says more"
        ) from None
    if code != 0:
        reason = next((line for line in reversed(tail) if line.startswith("E:")), f"exit code {code}")
        raise ImageBuildError(f"mmdebstrap could not make the base image: {reason}", hint="the log says more")


def _hint() -> str:
    if sys.platform != "linux":
        return "let the engine reach an image registry, or load a Debian image into it by hand"
    return "apt-get install mmdebstrap (as root), or let the engine reach an image registry"
