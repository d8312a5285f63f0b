"""What podman and docker have in common: options, calls, the reading of inspections.

The two differ in few places; each is a method of `podman.Podman` or `docker.Docker`, with its reason.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from contenant.core.labels import MANAGED
from contenant.core.values import EngineName
from contenant.engines.base import ContainerMissingError, OciRuntimeError
from contenant.engines.call import Caller, Symptom
from contenant.engines.moments import from_engine_text
from contenant.engines.options import mount_option, pairs, publish_option
from contenant.errors import EngineError, EngineUnavailableError
from contenant.spawn import Result

if TYPE_CHECKING:
    from contenant.core.values import BuildSpec, ContainerSpec, ExecSpec, ImageReport, Inspection

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
        r"cgroup controller .* not available|can ?not be set, as your kernel|NanoCPUs can not be set",
        EngineError,
        "",
        "this host cannot limit cpus, memory or processes for this user; leave --cpus, --memory, --pids out",
    ),
    Symptom(
        r"command that was not found|executable file not found|exec: .*: no such file",
        EngineError,
        "its image does not hold the program it is to start",
        "was the image built by contenant? `contenant image` says; --recreate takes the current one",
    ),
    Symptom(
        r"OCI runtime (create failed|error)|OCI permission denied|failed to create shim"
        r"|error running container: from \S+ creating|unable to start container .*(crun|runc|youki): ",
        OciRuntimeError,
        "",
        "install another OCI runtime, such as crun or runc",
    ),
)


class OciEngine:
    """Calls that both engines understand."""

    name: ClassVar[EngineName]
    detach_keys: ClassVar[str]
    save_options: ClassVar[tuple[str, ...]] = ()
    default_pids: ClassVar[int] = 0  # 0: the engine has a limit of its own

    def __init__(self, caller: Caller, *, selinux: bool) -> None:
        self._caller = caller
        self._selinux = selinux

    def image(self, reference: str) -> ImageReport | None:
        return self._found(reference, self._caller.ask(["image", "inspect", reference]))

    def _found(self, reference: str, result: Result) -> ImageReport | None:
        if result.code == 0:
            with self._caller.reading("an image"):
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

    def build_warning(self) -> str:
        return ""

    def build(self, spec: BuildSpec, on_line: Callable[[str], None]) -> None:
        self._caller.check_build(spec.tag, self._build(spec, on_line))

    def _build(self, spec: BuildSpec, on_line: Callable[[str], None]) -> Result:
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
            *(("--pids-limit", str(pids)) if (pids := spec.pids or self.default_pids) else ()),
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

    def inspect(self, name: str) -> Inspection:
        from contenant.engines.oci_inspect import read_container, read_variables  # only who looks close pays

        result = self._caller.run(f"inspect {name}", ["container", "inspect", name])
        with self._caller.reading("a container"):
            found = read_container(result.stdout)
        image = self._caller.ask(["image", "inspect", found.image_id])
        with self._caller.reading("an image"):
            names = read_variables(image.stdout) if image.code == 0 else ()
        return found._replace(image_variables=names)

    def stop(self, name: str, seconds: int = 10) -> None:
        self._caller.run(
            f"stop {name}",
            ["stop", "-t", str(seconds), name],
            timeout=seconds + self._caller.timeouts.change,
        )

    def remove(self, name: str) -> None:
        raise NotImplementedError

    def images(self) -> tuple[ImageReport, ...]:
        from contenant.engines.oci_inspect import read_images

        doing = "list its images"
        listing = ["image", "ls", "--quiet", "--no-trunc", "--filter", f"label={MANAGED}=1"]
        ids = list(dict.fromkeys(self._caller.run(doing, listing).stdout.split()))
        if not ids:
            return ()
        result = self._caller.ask(["image", "inspect", *ids])
        if result.code != 0 and not _image_gone(result.stderr):  # one that went meanwhile is left out
            raise self._caller.failure(doing, result.stderr)
        with self._caller.reading("its images"):
            return read_images(result.stdout)

    def run_once(self, image: str, argv: Sequence[str]) -> str:
        program, *arguments = argv
        options = [
            *("run", "--rm", "--pull", "never", "--network", "none", "--user", "0:0"),
            *self.once_options(),
            *("--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--entrypoint", program),
        ]
        result = self._caller.run(
            f"run {program} in {image}", [*options, image, *arguments], timeout=self._caller.timeouts.change
        )
        return result.stdout

    def once_options(self) -> list[str]:
        """Options of `run` that depend on the host."""
        return []

    def save_image(self, reference: str, path: str) -> None:
        args = ["save", *self.save_options, "--output", path, reference]
        self._caller.run(f"save {reference}", args, timeout=self._caller.timeouts.transfer)

    def load_image(self, path: str, reference: str) -> None:
        self._caller.run(
            f"load {reference}", ["load", "--input", path], timeout=self._caller.timeouts.transfer
        )

    def remove_image(self, reference: str) -> None:
        # never --force: podman's would remove the containers that use it
        result = self._caller.ask(["rmi", reference], timeout=self._caller.timeouts.change)
        if result.code == 0 or _image_gone(result.stderr):
            return
        raise self._caller.failure(f"remove the image {reference}", result.stderr)


def _image_gone(stderr: str) -> bool:
    return re.search(r"no such image|image not known", stderr, re.IGNORECASE) is not None


def read_image(text: str, reference: str) -> ImageReport:
    """The output of `image inspect` of one image."""
    import json

    return image_report(json.loads(text)[0], reference)


def image_report(data: Mapping[str, Any], reference: str) -> ImageReport:
    """One element of what `image inspect` prints."""
    from contenant.core.values import ImageReport  # no list needs it

    identifier = str(data["Id"])
    digest = data.get("Digest") or next((d.rpartition("@")[2] for d in data.get("RepoDigests") or ()), "")
    return ImageReport(
        engine_id=identifier,
        reference=reference,
        digest=digest or (identifier if ":" in identifier else f"sha256:{identifier}"),
        labels=(data.get("Config") or {}).get("Labels") or data.get("Labels") or {},
        size=int(data.get("Size") or 0),
        created=from_engine_text(data.get("Created") or ""),
    )
