"""Apple's `container`: one virtual machine per container, on macOS.

Facts from the sources of apple/container 0.12 to 1.2 and its issues; versions they changed in are named
where they matter. `container cp` and file mounts are never used (#1927, #2148), options always come before
the first positional, and every call is bounded in time: the service can hang for ever (#1884).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from contenant.core.labels import MANAGED
from contenant.core.values import BuildSpec, ContainerSpec, EngineName, ExecSpec, ImageReport, Inspection
from contenant.engines import apple_json
from contenant.engines.apple_args import build_args, check_build, create_args, exec_args, once_args
from contenant.engines.base import (
    ContainerMissingError,
    EngineVersion,
    Listing,
    Loads,
    ServiceDownError,
    Survey,
)
from contenant.engines.call import COMMON, Caller, PendingListing, Symptom
from contenant.engines.versions import require, short
from contenant.errors import EngineError, EngineUnavailableError, ImageBuildError, PathRefusedError
from contenant.paths import cache_dir, ensure_private

START = "container system start --enable-kernel-install"  # without a kernel flag it may ask on stdin
RESTART = "container system stop && container system start"

SYMPTOMS = (
    Symptom(
        r"xpc connection error|service has been started|plugins are unavailable",
        ServiceDownError,
        "its service is not running",
        f"start it: `{START}`",
    ),
    Symptom(
        r"failed to decode .*health check",
        EngineUnavailableError,
        "its command and its service are of different versions",
        f"restart the service: `{RESTART}`",
    ),
    Symptom(
        r"unknown option|plugin 'container-",
        EngineUnavailableError,
        "",
        "this version lacks what contenant needs; install container 1.0 or newer",
    ),
    Symptom(r"image not found", EngineError, "its image is not there", "run the command again to build it"),
    Symptom(
        r"container (with id )?\S+ not found|container not found",
        ContainerMissingError,
        "there is no such container",
        "something else removed it; run the command again",
    ),
    Symptom(
        r"already exists?\b",
        EngineError,
        "its name is taken by another container",
        "see `contenant list`; remove the container that holds the name with `container delete`",
    ),
    Symptom(
        r"path '.*' does not exist",
        EngineError,
        "",
        "a directory of this container is gone; put it back, or use --recreate",
    ),
    *COMMON,
)


class Apple:
    """The user's container service."""

    name: ClassVar[EngineName] = "container"

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def version(self) -> EngineVersion:
        text = self._caller.run("tell its version", ["--version"]).stdout  # never asks the service
        require("container", text, "darwin")
        result = self._caller.ask(["system", "version", "--format", "json"])
        server = ""
        if result.code == 0:
            with self._caller.reading("its version"):
                server = apple_json.read_versions(result.stdout)[1]
        if not server:
            self._status()  # says why
            raise EngineUnavailableError(
                "container's service does not tell its version", hint=f"restart it: `{RESTART}`"
            )
        require("container", server, "darwin", part="service")
        return EngineVersion(short(text), server)

    def begin_release(self) -> Callable[[], str]:
        """Ask the command for its version, `1.2.2`, which asks no service; what is returned waits for it.

        That raises EngineUnavailableError when it is older than supported.
        """
        answer = self._caller.begin(["--version"])

        def result() -> str:
            text = answer.result(self._caller.timeouts.quick).stdout
            require("container", text, "darwin")
            return short(text)

        return result

    def identity(self) -> str:
        """Where the service keeps its containers, and that directory's inode."""
        root = self._status().app_root
        root = root or str(Path.home() / "Library" / "Application Support" / "com.apple.container")
        try:
            return f"{root.rstrip('/')}#{Path(root).stat().st_ino}"
        except OSError:
            return root.rstrip("/")

    def _status(self) -> apple_json.ServiceStatus:
        """The state of the service; raises EngineUnavailableError when it is not running."""
        result = self._caller.ask(["system", "status", "--format", "json"])
        if result.code != 0 and not result.stdout.strip():
            raise self._caller.failure("tell its status", result.stderr)
        with self._caller.reading("its status"):
            status = apple_json.read_status(result.stdout)
        if status.state != "running":
            raise ServiceDownError(f"container's service is {status.state}", hint=f"start it: `{START}`")
        return status

    def containers(self) -> Listing:
        answer = self._caller.begin_list(["list", "--all", "--format", "json"])
        return PendingListing(answer, apple_json.read_containers)

    def loads(self) -> Loads:
        from contenant.engines.loads import PendingLoads  # for `top` alone
        from contenant.engines.stats import read_apple

        return PendingLoads(self._caller.begin(["stats", "--no-stream", "--format", "json"]), read_apple)

    def survey(self, reference: str) -> Survey:
        from contenant.engines.survey import in_turn  # few starts make a container

        return in_turn(self, reference)

    def image(self, reference: str) -> ImageReport | None:
        result = self._caller.ask(["image", "inspect", reference])
        if result.code == 0:
            with self._caller.reading("an image"):
                return apple_json.read_image(result.stdout, reference)
        if re.search(r"image not found", result.stderr, re.IGNORECASE):
            return None
        raise self._caller.failure(f"inspect the image {reference}", result.stderr)

    def pull(self, reference: str) -> bool:
        result = self._caller.ask(["image", "pull", reference], timeout=self._caller.timeouts.transfer)
        if result.code == 0:
            return True
        error = self._caller.failure(f"pull {reference}", result.stderr)
        if isinstance(error, EngineUnavailableError):
            raise error
        return False

    def import_image(self, tarball: str, reference: str, labels: Mapping[str, str]) -> None:
        """By a build, since Apple loads images only, not file systems: ADD unpacks a tarball."""
        import tempfile  # dear, and rarely wanted

        with tempfile.TemporaryDirectory(dir=ensure_private(cache_dir()), prefix="import-") as place:
            context = Path(place).resolve()
            dockerfile = context / "Dockerfile"
            dockerfile.write_text("FROM scratch\nADD rootfs.tar /\n")
            _place(Path(tarball), context / "rootfs.tar")
            spec = BuildSpec(reference, str(context), str(dockerfile), {}, labels)
            try:
                self.build(spec, lambda _line: None)
            except ImageBuildError as error:
                raise EngineError(error.message, hint=error.hint) from error

    def build_warning(self) -> str:
        return ""

    def build(self, spec: BuildSpec, on_line: Callable[[str], None]) -> None:
        """`spec.network` is not passed on: Apple's builder has a network of its own and no option for it."""
        check_build(spec)
        self._caller.check_build(spec.tag, self._caller.follow(build_args(spec), on_line))

    def create(self, spec: ContainerSpec) -> str:
        args = create_args(spec)
        for mount in spec.mounts:
            if not Path(mount.source).is_dir():
                raise PathRefusedError(
                    f"cannot mount {mount.source!r}: it is no directory",
                    hint="Apple's engine would share the whole directory around a file; mount that one",
                )
        self._must_have(spec.image, f"create {spec.name}")
        result = self._caller.run(f"create {spec.name}", args, timeout=self._caller.timeouts.change)
        return result.stdout.strip().rpartition("\n")[2]

    def _must_have(self, image: str, doing: str) -> None:
        """`create` and `run` would ask a public registry for an image that is not there."""
        if self.image(image) is None:
            raise EngineError(
                f"container cannot {doing}: its image {image} is not there",
                hint="run the command again to build it",
            )

    def start(self, name: str) -> None:
        self._caller.run(f"start {name}", ["start", name], timeout=self._caller.timeouts.change)

    def exec_argv(self, name: str, spec: ExecSpec) -> list[str]:
        return [*self._caller.command, *exec_args(name, spec)]

    def stop(self, name: str, seconds: int = 10) -> None:
        self._caller.run(
            f"stop {name}",
            ["stop", "--time", str(seconds), name],
            timeout=seconds + self._caller.timeouts.change,
        )

    def inspect(self, name: str) -> Inspection:
        result = self._caller.run(f"inspect {name}", ["inspect", name])
        with self._caller.reading("a container"):
            return apple_json.read_inspection(result.stdout)

    def remove(self, name: str) -> None:
        result = self._caller.ask(["delete", "--force", name], timeout=self._caller.timeouts.change)
        if result.code == 0:
            return
        error = self._caller.failure(f"remove {name}", result.stderr)
        if not isinstance(error, ContainerMissingError):
            raise error

    def images(self) -> tuple[ImageReport, ...]:
        """Those with contenant's mark. A list tells labels since 1.0; before, each name is looked up."""
        result = self._caller.run("list its images", ["image", "list", "--format", "json"])
        with self._caller.reading("its images"):
            reports = apple_json.read_images(result.stdout)
        found = (report if report.labels else self.image(report.reference) for report in reports)
        return tuple(report for report in found if report and report.labels.get(MANAGED) == "1")

    def run_once(self, image: str, argv: Sequence[str]) -> str:
        self._must_have(image, f"run {argv[0]} in {image}")
        result = self._caller.run(
            f"run {argv[0]} in {image}", once_args(image, argv), timeout=self._caller.timeouts.change
        )
        return result.stdout

    def save_image(self, reference: str, path: str) -> None:
        args = ["image", "save", "--output", path, reference]
        self._caller.run(f"save {reference}", args, timeout=self._caller.timeouts.transfer)

    def load_image(self, path: str, reference: str) -> None:
        args = ["image", "load", "--input", path]
        self._caller.run(f"load {reference}", args, timeout=self._caller.timeouts.transfer)

    def remove_image(self, reference: str) -> None:
        args = ["image", "delete", "--force", reference]  # --force only means: no failure when it is gone
        self._caller.run(f"remove the image {reference}", args, timeout=self._caller.timeouts.change)

    def start_service(self, on_line: Callable[[str], None]) -> None:
        """Start the service; the first time this fetches a kernel. Raises EngineUnavailableError."""
        result = self._caller.follow(START.split()[1:], on_line)
        if result.code != 0:
            error = self._caller.failure("start its service", result.stderr)
            raise EngineUnavailableError(error.message, hint=f"try `{START}` in a terminal")


def skew(version: EngineVersion) -> str:
    """What to say when command and service are of different versions, else "". An upgrade leaves the old
    service running (apple/container #568).
    """
    if not version.server or version.client == version.server:
        return ""
    return f"the command is {version.client}, the running service {version.server}: `{RESTART}`"


def _place(source: Path, target: Path) -> None:
    """A hard link, or a copy across file systems."""
    try:
        target.hardlink_to(source)
    except OSError:
        import shutil

        shutil.copyfile(source, target)


def connect() -> Apple:
    """The user's service."""
    return Apple(
        Caller("container", ("container",), SYMPTOMS, wedged=f"its service hangs; restart it: `{RESTART}`")
    )
