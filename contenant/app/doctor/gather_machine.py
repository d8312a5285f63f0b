"""Facts of the host and of the state directory: reads files, asks a few small programs."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Literal

from contenant.app.doctor.clock import Deadline, ask
from contenant.app.doctor.facts import Loose, Machine, Manager, StateFacts
from contenant.app.doctor.remedies import manager_of
from contenant.app.project import container_dir
from contenant.paths import state_dir

QUICK = 5.0  # seconds
# Below the state directory, with the mode each must not exceed. `containers` and `homes` hold closed ones.
_OURS_ALONE = (
    ("contenant.db", 0o600),
    ("contenant.db-wal", 0o600),
    ("contenant.db.lock", 0o600),
    ("backups", 0o700),
    ("credentials", 0o700),
    ("credentials/token", 0o600),
    ("locks", 0o700),
    ("logs", 0o700),
)


def machine(deadline: Deadline) -> Machine:
    """The host."""
    system, kernel = sys.platform, platform.release()
    mac = system == "darwin"
    version = macos_version(deadline) if mac else ""
    os_release = {} if mac else _os_release()
    return Machine(
        system=system,
        release=f"macOS {version}" if mac else os_release.get("PRETTY_NAME", platform.system()),
        version=tuple(int(part) for part in version.split(".") if part.isdigit()),
        kernel=kernel,
        arch=platform.machine(),
        translated=mac and _sysctl("sysctl.proc_translated", deadline) == "1",
        manager=_manager(os_release, mac),
        root=os.getuid() == 0,
        systemd=Path("/run/systemd/system").is_dir(),
        home=os.path.expanduser("~"),  # noqa: PTH111 - Path.home() raises where there is none
        nf_tables=nf_tables(Path("/"), kernel),
    )


def macos_version(deadline: Deadline) -> str:
    """`26.1`. Not by Python itself: what was built for an older macOS is told an older number, 16 for 26."""
    answer = ask(["sw_vers", "-productVersion"], deadline, QUICK)
    return answer.stdout.strip() if answer.code == 0 else platform.mac_ver()[0]


def _os_release() -> dict[str, str]:
    try:
        return platform.freedesktop_os_release()
    except OSError:
        return {}


def _manager(os_release: dict[str, str], mac: bool) -> Manager:
    if mac:
        return "brew" if shutil.which("brew") else ""
    return manager_of(os_release)


def _sysctl(name: str, deadline: Deadline) -> str:
    answer = ask(["sysctl", "-n", name], deadline, QUICK)
    return answer.stdout.strip() if answer.code == 0 else ""


def nf_tables(root: Path, kernel: str) -> Literal["yes", "no", ""]:
    """Whether a Linux kernel has nf_tables: loaded or built in, configured, or a module on the disk.

    "no" only where its configuration, or its whole list of modules, is there to say so.
    """
    if any(" nf_tables_newtable" in line for line in _lines(root / "proc/kallsyms")):
        return "yes"
    modules = root / "lib/modules" / kernel
    for place in (root / "boot" / f"config-{kernel}", modules / "config", root / "proc/config.gz"):
        for line in _lines(place):
            if line.startswith("CONFIG_NF_TABLES="):
                return "yes"
            if line.startswith("# CONFIG_NF_TABLES is not set"):
                return "no"
    lists = [_lines(modules / name) for name in ("modules.builtin", "modules.dep")]
    if any("/nf_tables.ko" in line.partition(":")[0] for lines in lists for line in lines):
        return "yes"
    return "no" if all(lists) else ""


def _lines(place: Path) -> list[str]:
    try:
        data = place.read_bytes()
        if place.suffix == ".gz":
            import gzip  # only /proc/config.gz needs it

            data = gzip.decompress(data)
    except (OSError, EOFError):  # gzip's own error is an OSError
        return []
    return data.decode("utf-8", "surrogateescape").splitlines()


def state(needed: Collection[str] | None, mac: bool) -> StateFacts:
    """The state directory. `needed` are the names of containers that are not gone, None: nobody knows."""
    place = state_dir()
    if not os.path.lexists(place):
        above = next(parent for parent in place.parents if os.path.lexists(parent))
        return StateFacts(str(place), there=False, writable=_usable(above), free=free(place))
    return StateFacts(
        path=str(place),
        writable=_usable(place),
        free=free(place),
        loose=tuple(_loose(place)),
        mounts=() if mac or needed is None else tuple(leftovers(_mount_points(), needed)),
    )


def _usable(place: Path) -> bool:
    return os.access(place, os.R_OK | os.W_OK | os.X_OK)


def free(place: Path) -> int:
    """Bytes an ordinary user can still write where a path is or would be; -1 where it is not known."""
    for parent in (place, *place.parents):
        try:
            return shutil.disk_usage(parent).free
        except FileNotFoundError:
            continue
        except OSError:
            return -1
    return -1


def _loose(place: Path) -> Iterator[Loose]:
    for path, wanted in ((place, 0o700), *((place / name, mode) for name, mode in _OURS_ALONE)):
        try:
            status = path.stat()
        except OSError:
            continue
        mode = status.st_mode & 0o7777
        if status.st_uid != os.getuid():
            yield Loose(str(path), mode, wanted, foreign=True)
        elif mode & 0o777 & ~wanted:
            yield Loose(str(path), mode, wanted)


def _mount_points() -> list[str]:
    found = [line.split(" ")[4] for line in _lines(Path("/proc/self/mountinfo"))]
    return [_unescaped(path) for path in found]


def _unescaped(path: str) -> str:
    r"""A path of /proc/self/mountinfo, where blanks and backslashes are \040 and the like."""
    for code in (" ", "\t", "\n", "\\"):
        path = path.replace(f"\\{ord(code):03o}", code)
    return path


def leftovers(points: Collection[str], needed: Collection[str]) -> Iterator[str]:
    """Mount points below the containers' directories of containers that are not `needed`."""
    for point in sorted(points):
        if (name := owner_of(point)) and name not in needed:
            yield point


def owner_of(point: str) -> str:
    """The container below whose directory a mount point is, "" for others."""
    above, path = Path(os.path.realpath(container_dir(""))), Path(point)
    return path.relative_to(above).parts[0] if above in path.parents else ""
