"""What podman and docker have in common: options, calls, the reading of inspections.

The two differ in few places; each is a method of `podman.Podman` or `docker.Docker`, with its reason.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

from contenant.core.ages import to_text
from contenant.core.values import BuildSpec, ContainerSpec, EngineName, ExecSpec, ImageReport, Mount, Publish
from contenant.engines.base import ContainerMissingError, OciRuntimeError
from contenant.engines.call import Caller, Symptom
from contenant.errors import EngineError, EngineUnavailableError, ImageBuildError, PathRefusedError

STOP_SECONDS = 10  # for a stop that does not come from us, such as the host going down

SYMPTOMS: tuple[Symptom, ...] = (
    Symptom(
        r"no such container|no container with name or id",
        ContainerMissingError,
        "there is no such container",
        "something else removed it; run the command again",
    ),
    Symptom(
        r"name .* is already in use",
        EngineError,
        "its name is taken by another container",
        "see `contenant list`; rename or remove the container that holds the name",
    ),
    Symptom(
        r"address already in use|port is already allocated",
        EngineError,
        "",
        "another program holds the port on the host; publish another one",
    ),
    Symptom(
        r"bind source path does not exist|(statfs|error mounting|cannot stat) .*: no such file",
        EngineError,
        "",
        "a directory of this container is gone; put it back, or use --recreate",
    ),
    Symptom(
        r"no such image|image not known|unable to find a name and tag match",
        EngineError,
        "its image is not there",
        "run the command again to build it",
    ),
    Symptom(
        r"no space left on device", EngineError, "the disk is full", "make room, then run the command again"
    ),
    Symptom(
        r"controller .* (is )?not available|cgroup.*(not available|not mounted|no such file)",
        EngineError,
        "",
        "this host cannot limit cpus or memory for this user; leave out --cpus and --memory",
    ),
    Symptom(
        r"command that was not found|executable file not found|exec: .*: no such file",
        EngineError,
        "its image does not hold the program it is to start",
        "was the image built by contenant? `contenant image` says; --recreate takes the current one",
    ),
    Symptom(
        r"OCI runtime error|OCI permission denied|error running container: from \S+ creating"
        r"|failed to create shim|(crun|runc|youki): ",
        OciRuntimeError,
        "",
        "contenant looks for an OCI runtime that works here when the command is run again",
    ),
)


def quote_option(fields: list[str]) -> str:
    """One CSV record, as the engines read `--mount` (Go's encoding/csv): any field may hold any character."""
    return ",".join(
        f'"{field.replace(chr(34), chr(34) * 2)}"' if _SPECIAL(field) else field for field in fields
    )


_SPECIAL = re.compile(r'[,"\r\n]|^\s').search


def mount_option(mount: Mount) -> str:
    """The value of `--mount`. `-v` cannot be used: it splits at every colon. Raises PathRefusedError."""
    for path in (mount.source, mount.target):
        check_path(path)
    fields = ["type=bind", f"source={mount.source}", f"target={mount.target}"]
    return quote_option([*fields, "readonly"] if mount.read_only else fields)


def check_path(path: str) -> None:
    """Refuse what the engines would silently take for another path. Raises PathRefusedError."""
    hint = "rename the directory, or give it another name by a bind mount"
    if "\r\n" in path or "\0" in path:
        # Go's CSV reader drops a carriage return before a line feed, and would mount another directory
        raise PathRefusedError(f"no engine can mount {path!r}", hint=hint)
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        raise PathRefusedError(f"the path {path!r} is not UTF-8, no engine can mount it", hint=hint) from None


def publish_option(port: Publish) -> str:
    """The value of `-p`; an IPv6 address goes into brackets."""
    host = f"[{port.host_ip}]" if ":" in port.host_ip else port.host_ip
    return f"{host}:{port.host_port}:{port.container_port}/{port.protocol}"


def pairs(option: str, values: Mapping[str, str]) -> list[str]:
    """`option key=value` for each."""
    return [word for key, value in values.items() for word in (option, f"{key}={value}")]


def parse_moment(text: str) -> str:
    """An engine's moment (`2026-11-23T12:43:47.762296355Z`, `2026-11-23 13:14:26 +0000 UTC`) as our text."""
    match = re.match(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(\.\d+)? ?(Z|[+-]\d\d:?\d\d)?", text)
    if match is None or text.startswith("0001-"):  # Go's zero time
        return ""
    fraction = (match[3] or "")[:7]
    return to_text(datetime.fromisoformat(f"{match[1]}T{match[2]}{fraction}{match[4] or 'Z'}"))


def unix_moment(seconds: float) -> str:
    """Seconds since 1970 as our text, "" for Go's zero time."""
    return to_text(datetime.fromtimestamp(seconds, UTC)) if seconds > 0 else ""


class OciEngine:
    """Calls that both engines understand."""

    name: ClassVar[EngineName]
    detach_keys: ClassVar[str]

    def __init__(self, caller: Caller, *, selinux: bool) -> None:
        self._caller = caller
        self._selinux = selinux

    def image(self, reference: str) -> ImageReport | None:
        result = self._caller.ask(["image", "inspect", reference])
        if result.code == 0:
            return read_image(result.stdout, reference)
        error = self._caller.failure(f"inspect the image {reference}", result.stderr)
        if re.search(r"no such image|image not known|unable to find", result.stderr, re.IGNORECASE):
            return None
        raise error

    def pull(self, reference: str) -> bool:
        result = self._caller.ask(["pull", "--quiet", reference], timeout=self._caller.timeouts.transfer)
        if result.code == 0:
            return True
        error = self._caller.failure(f"pull {reference}", result.stderr)
        if isinstance(error, EngineUnavailableError):
            raise error
        return False

    def import_image(self, tarball: str, reference: str, labels: Mapping[str, str]) -> None:
        changes = [word for key, value in labels.items() for word in ("--change", f'LABEL "{key}"="{value}"')]
        self._caller.run(
            f"import {reference}",
            ["import", *changes, tarball, reference],
            timeout=self._caller.timeouts.transfer,
        )

    def build(self, spec: BuildSpec, on_line: Callable[[str], None]) -> None:
        tail: list[str] = []

        def keep(line: str) -> None:
            tail.append(line)
            del tail[:-40]
            on_line(line)

        code = self._build(spec, keep)
        if code == 0:
            return
        error = self._caller.failure(f"build {spec.tag}", "\n".join(tail))
        if isinstance(error, (EngineUnavailableError, OciRuntimeError)):
            raise error
        raise ImageBuildError(error.message, hint=error.hint or "the build's output says why")

    def _build(self, spec: BuildSpec, on_line: Callable[[str], None]) -> int:
        raise NotImplementedError

    def build_args(self, spec: BuildSpec) -> list[str]:
        """The options both know, and the context."""
        return [
            *("--tag", spec.tag, "--file", spec.dockerfile),
            *pairs("--build-arg", spec.build_args),
            *pairs("--label", spec.labels),
            *(("--platform", spec.platform) if spec.platform else ()),
            *(("--network", spec.network) if spec.network else ()),
            *(("--no-cache",) if spec.no_cache else ()),
            spec.context,
        ]

    def create(self, spec: ContainerSpec) -> str:
        result = self._caller.run(
            f"create {spec.name}", self.create_args(spec), timeout=self._caller.timeouts.change
        )
        return result.stdout.strip().rpartition("\n")[2]

    def create_args(self, spec: ContainerSpec) -> list[str]:
        """Options before the image, whose own entrypoint is what runs."""
        return [
            *("create", "--name", spec.name, "--pull", "never"),
            # Root, whatever USER a layer of the user's ends with: entrypoint and wrapper drop by themselves.
            *("--user", "0:0"),
            *("--cap-drop", "ALL"),
            *(word for capability in spec.cap_add for word in ("--cap-add", capability)),
            *("--security-opt", "no-new-privileges"),
            # The project keeps its SELinux label: relabelling (`:z`) would change the user's files.
            *(("--security-opt", "label=disable") if self._selinux else ()),
            *(("--hostname", spec.hostname) if spec.hostname else ()),
            *("--stop-timeout", str(STOP_SECONDS)),
            *pairs("--label", spec.labels),
            *(word for mount in spec.mounts for word in ("--mount", mount_option(mount))),
            *(word for port in spec.publish for word in ("--publish", publish_option(port))),
            *(("--cpus", str(spec.cpus)) if spec.cpus else ()),
            *(("--memory", f"{spec.memory}b") if spec.memory else ()),
            *pairs("--env", spec.env),
            *self.host_options(spec),
            spec.image,
        ]

    def host_options(self, spec: ContainerSpec) -> list[str]:
        """Options of `create` that depend on the host."""
        del spec
        return []

    def start(self, name: str) -> None:
        self._caller.run(f"start {name}", ["start", name], timeout=self._caller.timeouts.change)

    def exec_argv(self, name: str, spec: ExecSpec) -> list[str]:
        return [
            *self._caller.command,
            *("exec", "--user", "0"),
            *(("--interactive",) if spec.interactive else ()),
            *(("--tty", "--detach-keys", self.detach_keys) if spec.tty else ()),
            *(word for variable in spec.env_names for word in ("--env", variable)),
            *(("--workdir", spec.workdir) if spec.workdir else ()),
            name,
            *spec.argv,
        ]

    def stop(self, name: str, seconds: int = 10) -> None:
        self._caller.run(
            f"stop {name}",
            ["stop", "-t", str(seconds), name],
            timeout=seconds + self._caller.timeouts.change,
        )

    def remove(self, name: str) -> None:
        raise NotImplementedError

    def remove_image(self, reference: str) -> None:
        # never --force: podman's would remove the containers that use it
        result = self._caller.ask(["rmi", reference], timeout=self._caller.timeouts.change)
        if result.code == 0 or re.search(r"no such image|image not known", result.stderr, re.IGNORECASE):
            return
        raise self._caller.failure(f"remove the image {reference}", result.stderr)


def read_image(text: str, reference: str) -> ImageReport:
    """The output of `image inspect` of one image."""
    import json  # not for starts that inspect nothing

    data: dict[str, Any] = json.loads(text)[0]
    identifier = str(data["Id"])
    digest = data.get("Digest") or next((d.rpartition("@")[2] for d in data.get("RepoDigests") or ()), "")
    return ImageReport(
        engine_id=identifier,
        reference=reference,
        digest=digest or (identifier if ":" in identifier else f"sha256:{identifier}"),
        labels=(data.get("Config") or {}).get("Labels") or data.get("Labels") or {},
        size=int(data.get("Size") or 0),
        created=parse_moment(data.get("Created") or ""),
    )
