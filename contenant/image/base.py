"""The base image: in the engine's store, pulled from a registry, or made from Debian's packages."""

import os
import shutil
import sys
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from contenant.core import labels
from contenant.core.ages import to_text
from contenant.core.values import ImageReport
from contenant.errors import ImageBuildError
from contenant.image.apt import SUITE, Sources
from contenant.paths import cache_dir, ensure_private
from contenant.process import ProcessTimeoutError, stream

if TYPE_CHECKING:
    from contenant.engines.base import Engine

BOOTSTRAPPED = f"localhost/contenant-base:{SUITE}"
Origin = Literal["local", "pulled", "bootstrapped"]
_KEYS = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_LIMIT = 1800.0  # seconds
# What mmdebstrap does when the packages are there and their index still is: the index's moments are said.
_MARK = "contenant: index of "
_SAY_MOMENTS = f"""--customize-hook=sed -n 's/^Date: /{_MARK}/p' "$1"/var/lib/apt/lists/*Release"""


class Base(NamedTuple):
    """A base image in the engine's store, and which way it came there."""

    reference: str
    origin: Origin
    digest: str
    snapshot: str = ""  # moment of the package index it was made from; "" where it was not made here


def provide(engine: "Engine", wanted: str, sources: Sources, on_step: Callable[[str], None]) -> Base:
    """The wanted image if the engine has it or can pull it, else one made from packages.

    One that was made before is taken before a pull is tried: without a registry that takes long to fail.
    Raises ImageBuildError, EngineError.
    """
    if report := engine.image(wanted):
        return Base(wanted, "local", report.digest)
    if report := engine.image(BOOTSTRAPPED):
        return _bootstrapped(report)
    on_step(f"pulling {wanted}")
    if engine.pull(wanted) and (report := engine.image(wanted)):
        return Base(wanted, "pulled", report.digest)
    on_step("no registry answers: making the base image from Debian's packages")
    _bootstrap(engine, wanted, sources, on_step)
    report = engine.image(BOOTSTRAPPED)
    if report is None:
        raise ImageBuildError(f"{engine.name} imported {BOOTSTRAPPED}, but does not show it")
    return _bootstrapped(report)


def _bootstrapped(report: ImageReport) -> Base:
    snapshot = labels.decode(report.labels.get(labels.SNAPSHOT, ""))
    return Base(BOOTSTRAPPED, "bootstrapped", report.digest, snapshot)


def _bootstrap(engine: "Engine", wanted: str, sources: Sources, on_step: Callable[[str], None]) -> None:
    if not shutil.which("mmdebstrap"):
        raise ImageBuildError(
            f"the base image {wanted} cannot be pulled, and it cannot be made here", hint=_hint()
        )
    folder = ensure_private(cache_dir() / "base")
    tarball = folder / f"{SUITE}.tar"
    try:
        snapshot = newest(_run(command(tarball, sources, os.geteuid()), on_step))
        own = {labels.MANAGED: "1", labels.LAYER: "debian", labels.SNAPSHOT: labels.encode(snapshot)}
        engine.import_image(str(tarball), BOOTSTRAPPED, {name: value for name, value in own.items() if value})
    finally:
        tarball.unlink(missing_ok=True)


def command(tarball: Path, sources: Sources, uid: int) -> list[str]:
    """mmdebstrap's command line. Without root it uses a user namespace; without mirrors, its own default."""
    return [
        *("mmdebstrap", "--variant=minbase", f"--mode={'root' if uid == 0 else 'unshare'}"),
        _SAY_MOMENTS,
        # Not a Debian: apt knows other keys, and mmdebstrap finds Debian's by itself only where gpg is there.
        *(() if sources.main or not _KEYS.exists() else (f"--keyring={_KEYS}",)),
        *(f"--aptopt={line}" for line in sources.options()),
        *(SUITE, str(tarball)),
        *sources.lines(),
    ]


def newest(moments: Iterable[str]) -> str:
    """The latest of moments as Release files give them (RFC 5322), as text; "" where none can be read."""
    found = []
    for text in moments:
        try:
            found.append(to_text(parsedate_to_datetime(text).astimezone(UTC)))
        except (ValueError, OverflowError):
            continue
    return max(found, default="")


def _run(argv: Sequence[str], on_step: Callable[[str], None]) -> list[str]:
    """Run mmdebstrap; the moments of the indexes it used, as their Release files give them."""
    tail: deque[str] = deque(maxlen=40)
    moments: list[str] = []

    def keep(line: str) -> None:
        tail.append(line)
        if line.startswith(_MARK):
            moments.append(line.removeprefix(_MARK).strip())
        on_step(line.removeprefix("contenant: "))  # who speaks is said already

    try:
        code = stream(argv, keep, timeout=_LIMIT)
    except (OSError, ProcessTimeoutError) as error:
        raise ImageBuildError(
            f"mmdebstrap: {error}", hint="try again; `mmdebstrap --help` says more"
        ) from None
    if code != 0:
        if any("NO_PUBKEY" in line for line in tail):
            raise ImageBuildError(
                "the base image is made of Debian's packages, whose keys this machine lacks",
                hint="apt-get install debian-archive-keyring (as root); Ubuntu has it, too",
            )
        reason = next((line for line in reversed(tail) if line.startswith("E:")), f"exit code {code}")
        raise ImageBuildError(f"mmdebstrap could not make the base image: {reason}", hint="the log says more")
    return moments


def _hint() -> str:
    if sys.platform != "linux":
        return "let the engine reach an image registry, or load a Debian image into it by hand"
    return "apt-get install mmdebstrap (as root), or let the engine reach an image registry"
