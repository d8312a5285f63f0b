"""docker with a daemon that runs as root."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from contenant import files
from contenant.core import labels
from contenant.core.values import ContainerReport, ContainerState, EngineName
from contenant.engines.base import EngineVersion, Listing, Loads, Survey
from contenant.engines.call import COMMON, Answer, Caller, PendingListing, Symptom
from contenant.engines.moments import from_engine_text
from contenant.engines.oci import SYMPTOMS, OciEngine
from contenant.engines.versions import require
from contenant.errors import EngineUnavailableError
from contenant.spawn import Result

if TYPE_CHECKING:
    from contenant.core.values import BuildSpec

_STATES: Mapping[str, ContainerState] = {
    "created": "created",
    "running": "running",
    "exited": "stopped",
    "paused": "paused",
}

_SYMPTOMS = (
    Symptom(
        r"can't evaluate field \w+ in type (\*define\.Info|containers\.psReporter)",
        EngineUnavailableError,
        "the `docker` on PATH is podman's",
        "use `--engine podman`, or install docker itself",
    ),
    Symptom(
        r"permission denied while trying to connect|dial unix \S+ connect: permission denied",
        EngineUnavailableError,
        "you may not use the daemon's socket",
        "sudo usermod -aG docker $USER, then log in again (this makes you root in effect); or use podman",
    ),
    Symptom(
        r"cannot connect to the docker daemon|is the docker daemon running|error during connect",
        EngineUnavailableError,
        "its daemon does not answer",
        "start it: `sudo systemctl start docker`, or Docker Desktop; check DOCKER_HOST and DOCKER_CONTEXT",
    ),
    Symptom(
        r"context .*not found|unable to resolve docker endpoint|unable to parse docker host",
        EngineUnavailableError,
        "",
        "check DOCKER_HOST, DOCKER_CONTEXT and `docker context ls`",
    ),
    Symptom(
        r"client version .* is too (old|new)|maximum supported api version",
        EngineUnavailableError,
        "",
        "upgrade docker, both the client and the daemon",
    ),
)

# One JSON object a line, with every label of ours by name: `.Labels` joins all of them by commas, and a
# foreign value with a comma in it could then pass for a label of ours.
_OUR_LABELS = sorted(
    value
    for value in vars(labels).values()
    if isinstance(value, str)
    and value.startswith(labels.PREFIX)
    and value != labels.PREFIX
    and value not in labels.OF_IMAGES
)
_PARTS = [f'"{field}":{{{{json .{field}}}}}' for field in ("ID", "Names", "State", "Image", "CreatedAt")]
_PARTS += [f'"{label}":{{{{json (.Label "{label}")}}}}' for label in _OUR_LABELS]
PS_FORMAT = "{" + ",".join(_PARTS) + "}"


_VERSION = ("version", "--format", "{{json .}}")
_DESCRIBED = ("ID", "SecurityOptions", "DockerRootDir", "ServerVersion", "ClientInfo")
_INFO = ("info", "--format", "[" + ",".join(f"{{{{json .{field}}}}}" for field in _DESCRIBED) + "]")


class Daemon(NamedTuple):
    """A daemon's description of itself, and the version of the client that asked it, "" where not told."""

    id: str
    options: tuple[str, ...]  # of its security
    root: str  # its data directory
    server: str
    client: str


class Docker(OciEngine):
    """The daemon that DOCKER_HOST or the current context names."""

    name: ClassVar[EngineName] = "docker"
    # docker takes "" for its default, Ctrl-P, whose first press it would swallow; nobody types this one
    detach_keys: ClassVar[str] = "ctrl-^,ctrl-@"
    default_pids: ClassVar[int] = 4096  # docker has none, and one fork bomb takes the whole host

    def version(self) -> EngineVersion:
        found = self._told_version()
        self.identity()
        return found

    def _told_version(self) -> EngineVersion:
        told = self._caller.begin(_VERSION)
        return self._supported(*told.read("tell its version", "its version", read_versions))

    def survey(self, reference: str) -> Survey:
        """Two calls at once: the daemon's description holds the versions."""
        from contenant.engines.survey import Facts, pending  # few starts make a container

        info, image = self._caller.begin(_INFO), self._caller.begin(["image", "inspect", reference])

        def read() -> Facts:
            daemon = self._read_daemon(info)
            # a client before docker 23 does not tell its own, and takes a daemon's silence for an answer
            known = daemon.client and daemon.server
            version = self._supported(daemon.client, daemon.server) if known else self._told_version()
            found = self._found(reference, image.result(self._caller.timeouts.quick))
            return Facts(version, identity_of(daemon), reference if found else "")

        return pending(read, info, image)

    def _supported(self, client: str, server: str) -> EngineVersion:
        """Raises EngineUnavailableError where there is no daemon, or one of them is too old."""
        if not server:
            raise EngineUnavailableError(
                "docker named no daemon: the `docker` on PATH is another program, such as podman's",
                hint="use `--engine podman`, or install docker itself",
            )
        require("docker", client, sys.platform, part="client")
        require("docker", server, sys.platform, part="daemon")
        return EngineVersion(client, server)

    def identity(self) -> str:
        """The daemon's own id and its data directory, `DIRECTORY#ID` where that directory is this host's and
        names the same id, else `DIRECTORY@ID`. Refuses a daemon that maps user ids.

        Since docker 23 the id is made with the data directory and kept in it (`engine-id`), which root can
        read. Before, it is made with the machine's `/etc/docker/key.json`: then two daemons can share one.
        """
        return identity_of(self._read_daemon(self._caller.begin(_INFO)))

    def _read_daemon(self, answer: Answer) -> Daemon:
        found = answer.read("describe its daemon", "its daemon", read_daemon)
        for option, kind in (("name=rootless", "runs without root"), ("name=userns", "remaps user ids")):
            if any(text.startswith(option) for text in found.options):
                raise EngineUnavailableError(
                    f"this docker daemon {kind}: the agent could not write to your project",
                    hint="use podman (`--engine podman`), which maps you to the agent, or an ordinary daemon",
                )
        return found

    def containers(self) -> Listing:
        return PendingListing(
            self._caller.begin_list(["ps", "--all", "--no-trunc", "--format", PS_FORMAT]), read_containers
        )

    def loads(self) -> Loads:
        from contenant.engines.loads import PendingLoads  # for `top` alone
        from contenant.engines.stats import read_docker

        return PendingLoads(
            self._caller.begin(["stats", "--no-stream", "--format", "{{json .}}"]), read_docker
        )

    def _build(self, spec: BuildSpec, on_line: Callable[[str], None]) -> Result:
        if self._caller.ask(["buildx", "version"]).code == 0:
            own = ["build", "--progress", "plain", "--load", "--builder", self._own_builder()]
            return self._caller.follow([*own, *self.build_args(spec)], on_line, DOCKER_BUILDKIT="1")
        # --force-rm: else a step that fails leaves its container behind, and that holds its image
        own = ["build", "--force-rm", *self.build_args(spec)]
        return self._caller.follow(own, _without_warning(on_line), DOCKER_BUILDKIT="0")

    def _own_builder(self) -> str:
        """The builder inside the daemon, named as the context: others do not see the daemon's images."""
        result = self._caller.ask(["context", "show"])
        return result.stdout.strip() if result.code == 0 else "default"

    def remove(self, name: str) -> None:
        result = self._caller.ask(["rm", "--force", "--volumes", name], timeout=self._caller.timeouts.change)
        if result.code != 0 and "no such container" not in result.stderr.lower():
            raise self._caller.failure(f"remove {name}", result.stderr)


def _id_in(root: Path) -> str:
    """The id of the daemon whose data are in a directory of this host, "" where that cannot be read."""
    try:
        return (files.read(root / "engine-id", 256) or b"").decode(errors="replace").strip()
    except OSError:
        return ""


def _without_warning(on_line: Callable[[str], None]) -> Callable[[str], None]:
    """Leave out the paragraph in which docker speaks against its own builder, which serves us well."""
    skipping = False

    def show(line: str) -> None:
        nonlocal skipping
        skipping = skipping or line.startswith("DEPRECATED: The legacy builder")
        if not skipping:
            on_line(line)
        elif not line:
            skipping = False

    return show


def read_versions(text: str) -> tuple[str, str]:
    """The output of `docker version` as JSON: the client's and the daemon's, "" for none."""
    import json

    answer: dict[str, Any] = json.loads(text)
    return tuple(str((answer.get(part) or {}).get("Version") or "") for part in ("Client", "Server"))  # type: ignore[return-value]  # two


def read_daemon(text: str) -> Daemon:
    """What `_INFO` prints."""
    import json

    identifier, options, root, server, client = json.loads(text)
    told = str((client or {}).get("Version") or "")
    return Daemon(str(identifier), tuple(map(str, options or ())), str(root), str(server), told)


def identity_of(daemon: Daemon) -> str:
    """As `Docker.identity`."""
    mark = "#" if _id_in(Path(daemon.root)) == daemon.id else "@"
    return f"{daemon.root}{mark}{daemon.id}"


def read_containers(text: str) -> tuple[ContainerReport, ...]:
    """The output of `docker ps` in PS_FORMAT: one JSON object a line."""
    import json

    return tuple(_read_container(json.loads(line)) for line in text.splitlines() if line.strip())


def _read_container(item: Mapping[str, str]) -> ContainerReport:
    names = item["Names"]
    return ContainerReport(
        engine_id=item["ID"],
        # links of other containers stand there as `other/alias`
        name=next((name for name in names.split(",") if "/" not in name), names),
        state=_STATES.get(item["State"], "unknown"),
        labels={key: value for key, value in item.items() if key.startswith(labels.PREFIX) and value},
        image=item["Image"],
        created=from_engine_text(item["CreatedAt"]),
    )


def connect() -> Docker:
    """The docker that the environment names."""
    caller = Caller(
        "docker",
        ("docker",),
        (*_SYMPTOMS, *SYMPTOMS, *COMMON),
        wedged="restart its daemon: `sudo systemctl restart docker`, or Docker Desktop",
    )
    return Docker(caller, selinux=Path("/sys/fs/selinux/enforce").exists())
