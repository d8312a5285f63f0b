"""podman, rootful and rootless."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from contenant.core.values import ContainerReport, ContainerState, EngineName
from contenant.engines.base import EngineVersion, Listing, Loads, Survey
from contenant.engines.call import COMMON, Caller, PendingListing, Symptom
from contenant.engines.moments import from_unix
from contenant.engines.oci import SYMPTOMS, OciEngine
from contenant.engines.versions import parse_version, require
from contenant.errors import EngineError, EngineUnavailableError
from contenant.spawn import Result

if TYPE_CHECKING:
    from contenant.core.values import BuildSpec, ContainerSpec

# What podman asks for when it is told nothing (containers.conf may say otherwise, and then says less).
DEFAULT_NOFILE = 1048576
DEFAULT_NPROC = 4194304
KEEP_ID_SINCE = (4, 3, 0)  # --userns=keep-id:uid=…,gid=…

_VERSION = ("version", "--format", "json")
_LOGGED = ("--log-level", "debug")
_GRAPH_ROOT = r'level=debug msg="Using graph root (/[^"\\]*)"'  # a name that needs an escape is asked for

RUNTIMES = ("crun", "runc", "youki")

_VFS = (
    "podman's store here is vfs, which copies every layer whole: the image will take 40 GB; "
    "`contenant doctor` says what mends it"
)

_STATES: Mapping[str, ContainerState] = {
    "created": "created",
    "configured": "created",
    "initialized": "created",
    "running": "running",
    "stopping": "running",  # its processes live
    "stopped": "stopped",
    "exited": "stopped",
    "paused": "paused",
}

_SYMPTOMS = (
    Symptom(
        r'exec: "new[ug]idmap": executable file not found',
        EngineUnavailableError,
        "newuidmap is not installed, and podman without root needs it",
        "install uidmap (Debian, Ubuntu) or shadow-utils (Fedora)",
    ),
    Symptom(
        r"newuidmap|subuid|subgid|insufficient uids or gids",
        EngineUnavailableError,
        "this user has no range of subordinate ids",
        "sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 $USER; podman system migrate",
    ),
    Symptom(
        r"cannot re-exec process|cannot clone|user namespaces are not enabled",
        EngineUnavailableError,
        "",
        "this host does not let users make user namespaces; run as root, or ask its administrator",
    ),
    Symptom(
        r"could not find (slirp4netns|pasta)",
        EngineUnavailableError,
        "",
        "podman without root makes its network with it: install passt, which has pasta, or slirp4netns",
    ),
    Symptom(
        r"(slirp4netns|pasta).*(failed|not found)",
        EngineError,
        "",
        "podman without root needs slirp4netns or passt, and /dev/net/tun open to users (mode 0666)",
    ),
    Symptom(
        r"default OCI runtime .* not found|no valid executable found for OCI runtime",
        EngineUnavailableError,
        "",
        "install crun or runc",
    ),
    Symptom(
        r"(unable to|cannot) connect to podman",
        EngineUnavailableError,
        "",
        "start it: `podman machine start` on macOS, or unset CONTAINER_HOST",
    ),
)


class Limits(NamedTuple):
    """Resource limits that podman must not exceed; 0 where its own defaults will do."""

    nofile: int
    nproc: int


def clamp_limits(nofile_hard: int, nproc_hard: int, pid_max: int) -> Limits:
    """What to ask for where podman's defaults exceed the host's hard limits (-1: unlimited).

    podman lowers its own process limit to the kernel's `pid_max` before it starts a container.
    """
    nproc = min(nproc_hard if nproc_hard >= 0 else DEFAULT_NPROC, pid_max)
    return Limits(
        nofile_hard if 0 <= nofile_hard < DEFAULT_NOFILE else 0,
        nproc if nproc < DEFAULT_NPROC else 0,
    )


def host_limits() -> Limits:
    """This host's. On macOS the containers run in podman's machine, whose limits are its own."""
    if not sys.platform.startswith("linux"):
        return Limits(0, 0)
    import resource

    try:
        pid_max = int(Path("/proc/sys/kernel/pid_max").read_text())
    except (OSError, ValueError):
        pid_max = DEFAULT_NPROC
    nofile = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return clamp_limits(nofile, resource.getrlimit(resource.RLIMIT_NPROC)[1], pid_max)


class Podman(OciEngine):
    """One user's podman."""

    name: ClassVar[EngineName] = "podman"
    save_options: ClassVar[tuple[str, ...]] = ("--quiet", "--format", "docker-archive")
    detach_keys: ClassVar[str] = ""  # none, so that Ctrl-P reaches the session at once

    def __init__(self, caller: Caller, *, selinux: bool, limits: Limits, rootless: bool) -> None:
        super().__init__(caller, selinux=selinux)
        self._limits = limits
        self._rootless = rootless

    def version(self) -> EngineVersion:
        told = self._caller.begin(_VERSION)
        return self._supported(*told.read("tell its version", "its version", read_versions))

    def _supported(self, client: str, server: str = "") -> EngineVersion:
        """Raises EngineUnavailableError where one of them is too old."""
        for text in filter(None, (client, server)):
            require("podman", text, sys.platform)
        if self._rootless and (parse_version(client) or KEEP_ID_SINCE) < KEEP_ID_SINCE:
            raise EngineUnavailableError(
                f"podman is {client}; without root contenant needs 4.3 or newer, to map you to the agent",
                hint="upgrade podman, or run contenant as root",
            )
        return EngineVersion(client, server)

    def identity(self) -> str:
        """The store's place and inode: a device number may change at a reboot, an inode does not."""
        told = self._caller.ask(
            [*_LOGGED, "image", "exists", "of-no-name"]
        )  # the shortest that opens the store
        return self._identity_by(told.stderr)

    def _identity_by(self, log: str) -> str:
        """By what podman's log says of its store. `info` says it, too, and takes ten times as long.

        It asks the package manager who made the programs that podman uses.
        """
        if root := re.search(_GRAPH_ROOT, log):
            return identity_of(os.path.abspath(root[1]))  # noqa: PTH100 - a text
        result = self._caller.run("tell its store", ["info", "--format", "{{.Store.GraphRoot}}"])
        return identity_of(result.stdout.rstrip("\n"))

    def survey(self, reference: str) -> Survey:
        """Two calls at once, the shortest there are: the log of the second tells the store.

        A podman whose store is elsewhere logs none, and is asked for the version at both ends.
        """
        from contenant.engines.survey import Facts, pending  # few starts make a container

        told = self._caller.begin(["--version"])
        image = self._caller.begin([*_LOGGED, "image", "exists", reference])

        def read() -> Facts:
            version = self._supported(told.read("tell its version", "its version", read_version))
            found = image.result(self._caller.timeouts.quick)
            if found.code not in (0, 1):
                said = "\n".join(line for line in found.stderr.splitlines() if not line.startswith("time="))
                raise self._caller.failure(f"look for the image {reference}", said)
            if not re.search(_GRAPH_ROOT, found.stderr):
                version = self.version()
            return Facts(version, self._identity_by(found.stderr), "" if found.code else reference)

        return pending(read, told, image)

    def containers(self) -> Listing:
        answer = self._caller.begin_list(["ps", "--all", "--no-trunc", "--format", "json"])
        return PendingListing(answer, read_containers)

    def loads(self) -> Loads:
        from contenant.engines.loads import PendingLoads  # for `top` alone
        from contenant.engines.stats import read_podman

        return PendingLoads(self._caller.begin(["stats", "--no-stream", "--format", "json"]), read_podman)

    def host_options(self, spec: ContainerSpec) -> list[str]:
        uid, gid = spec.owner
        return [
            *self._limit_options(),
            # The user is the agent in there: what the agent writes is the user's out here.
            *(("--userns", f"keep-id:uid={uid},gid={gid}") if self._rootless else ()),
        ]

    def once_options(self) -> list[str]:
        return self._limit_options()

    def load_image(self, path: str, reference: str) -> None:
        """podman takes the name in an archive for a registry's; ours are this machine's own."""
        super().load_image(path, reference)
        qualified = f"docker.io/library/{reference}"
        if self._caller.ask(["image", "exists", qualified]).code == 0:
            self._caller.run(f"name {reference}", ["tag", qualified, f"localhost/{reference}"])
            self._caller.run(f"name {reference}", ["untag", qualified, qualified])

    def _limit_options(self) -> list[str]:
        wanted = {name: limit for name, limit in self._limits._asdict().items() if limit}
        return [word for name, limit in wanted.items() for word in ("--ulimit", f"{name}={limit}:{limit}")]

    def build_warning(self) -> str:
        """podman 4 without root takes vfs where no storage.conf says otherwise."""
        told = (
            self._caller.ask(["info", "--format", "{{.Store.GraphDriverName}}"]) if self._rootless else None
        )
        return _VFS if told and told.stdout.strip() == "vfs" else ""

    def _build(self, spec: BuildSpec, on_line: Callable[[str], None]) -> Result:
        # docker's format, since OCI's has no SHELL; never a pull, since the base was settled before
        own = ["build", "--format", "docker", "--pull=never", *self._limit_options()]
        return self._caller.follow([*own, *self.build_args(spec)], on_line)

    def remove(self, name: str) -> None:
        # -t 0: whoever wants a gentle end calls stop before
        args = ["rm", "--force", "--ignore", "--volumes", "-t", "0", name]
        self._caller.run(f"remove {name}", args, timeout=self._caller.timeouts.change)

    def probe_runtime(self) -> str:
        """Why containers cannot be started, "" when they can. Needs no image.

        The root file system is empty. A runtime that works sets everything up and then says, with exit
        code 127, that there is no such program in it; one that does not work here fails before.
        """
        import tempfile  # dear, and rarely wanted

        with tempfile.TemporaryDirectory(prefix="contenant-probe-") as empty:
            args = ["run", "--rm", "--network", "none", *self._limit_options(), "--rootfs", empty, "/probe"]
            result = self._caller.ask(args, timeout=self._caller.timeouts.change)
        return "" if result.code == 127 else str(self._caller.failure("start a container", result.stderr))


def identity_of(root: str) -> str:
    """A store by its place and inode; by its place alone where it is in a machine of podman's."""
    try:
        return f"{root}#{Path(root).stat().st_ino}"
    except OSError:
        return root


def read_version(text: str) -> str:
    """The output of `podman --version`: `podman version 4.3.1`."""
    return text.strip().rpartition(" ")[2]


def read_versions(text: str) -> tuple[str, str]:
    """The output of `podman version --format json`: the client's and the server's, "" for none."""
    import json

    answer: dict[str, Any] = json.loads(text)
    return str(answer["Client"]["Version"]), str((answer.get("Server") or {}).get("Version") or "")


def read_containers(text: str) -> tuple[ContainerReport, ...]:
    """The output of `podman ps --format json`."""
    import json

    return tuple(_read_container(item) for item in json.loads(text or "[]") or ())


def _read_container(item: Mapping[str, Any]) -> ContainerReport:
    created = item.get("Created") or 0
    return ContainerReport(
        engine_id=item["Id"],
        name=(item.get("Names") or [""])[0],
        state=_STATES.get(str(item.get("State")).lower(), "unknown"),
        labels=item.get("Labels") or {},
        image=item.get("Image") or "",
        created=from_unix(created) if isinstance(created, (int, float)) else "",
    )


def connect(runtime: str = "") -> Podman:
    """This host's podman; `runtime` is the OCI runtime to use, "" for podman's own choice."""
    caller = Caller(
        "podman",
        ("podman", "--runtime", runtime) if runtime else ("podman",),
        (*_SYMPTOMS, *SYMPTOMS, *COMMON),
        wedged="try `podman ps`; a podman that hangs may hold its lock, `ps -C podman` shows it",
    )
    return Podman(
        caller,
        selinux=Path("/sys/fs/selinux/enforce").exists(),
        limits=host_limits(),
        rootless=sys.platform.startswith("linux") and os.geteuid() != 0,
    )


def find_working_runtime() -> str:
    """The first OCI runtime that can start a container here, "" when podman's own choice can.

    Raises EngineError when none can.
    """
    reasons = []
    for runtime in ("", *RUNTIMES):
        reason = connect(runtime).probe_runtime()
        if not reason:
            return runtime
        reasons.append(reason)
    raise EngineError(reasons[0], hint=f"none of {', '.join(RUNTIMES)} works here; `podman info` says more")
