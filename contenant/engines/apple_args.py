"""The command lines of Apple's `container`, and what it must not be asked. Facts as in `apple`."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from contenant.core.values import BuildSpec, ContainerSpec, ExecSpec, Mount
from contenant.engines.options import check_path, pairs, publish_option
from contenant.errors import EngineError, ImageBuildError, PathRefusedError

MEMORY = "4096M"  # Apple's 1 GiB is too small for Claude Code and a build
SMALLEST_MEMORY = 200 << 20  # Apple's floor
BUILDER_MEMORY = "4096M"  # with Apple's 2 GiB larger builds are killed
DOCKERFILE_LIMIT = 16384  # bytes, exclusive (#735)
MAX_NAME = 40  # Apple takes 63; it becomes the guest's hostname


def create_args(spec: ContainerSpec) -> list[str]:
    """The arguments of `container create`. Raises EngineError or PathRefusedError on what Apple cannot do.

    No `--init`: the image's own tini is process 1, and reaps and forwards as Apple's would. No hostname:
    the guest's is the container's name. No `--shm-size`, `--masked-path` or other option newer than 0.12.
    """
    check_spec(spec)
    return [
        *("create", "--name", spec.name),
        *("--user", "0:0"),
        *("--cap-drop", "ALL"),
        *(word for capability in spec.cap_add for word in ("--cap-add", capability)),
        *pairs("--label", spec.labels),
        *(word for mount in spec.mounts for word in ("--volume", volume_option(mount))),
        *(word for port in spec.publish for word in ("--publish", publish_option(port))),
        *(("--cpus", str(spec.cpus)) if spec.cpus else ()),
        *("--memory", memory_option(spec.memory)),
        *pairs("--env", spec.env),
        spec.image,
    ]


def memory_option(size: int) -> str:
    """Bytes -> MiB, rounded up; 0 is our default, since Apple's is too small. Raises EngineError."""
    if not size:
        return MEMORY
    if size < SMALLEST_MEMORY:
        raise EngineError(
            f"container cannot make a machine with {size} bytes of memory", hint="give it 200m or more"
        )
    return f"{-(-size // (1 << 20))}M"


def volume_option(mount: Mount) -> str:
    """The value of `--volume`, which splits at each colon. Raises PathRefusedError."""
    for path in (mount.source, mount.target):
        check_path(path)
        if ":" in path:
            raise PathRefusedError(
                f"Apple's container cannot mount {path!r}: its name holds a colon",
                hint="rename the directory, or use podman or docker (`--engine`)",
            )
    return f"{mount.source}:{mount.target}{':ro' if mount.read_only else ''}"


def check_spec(spec: ContainerSpec) -> None:
    """Refuse what Apple's engine would take otherwise than it is meant. Raises EngineError."""
    if not re.fullmatch(rf"[a-zA-Z0-9][a-zA-Z0-9_.-]{{1,{MAX_NAME - 1}}}", spec.name):
        raise EngineError(
            f"container cannot name a container {spec.name!r}",
            hint=f"2 to {MAX_NAME} letters, digits, dots, dashes and underscores",
        )
    for key, value in spec.labels.items():
        if "=" in value:  # it is split there: lost, or refused
            raise EngineError(f"container cannot keep the label {key}: its value holds an equals sign")
    _check_sources(spec.mounts)


def _check_sources(mounts: tuple[Mount, ...]) -> None:
    """Apple keeps one share, with one access mode, for each host directory: the last mount's."""
    seen: dict[str, str] = {}
    for mount in mounts:
        real = os.path.realpath(mount.source)
        if real in seen:
            raise PathRefusedError(
                f"Apple's container cannot mount {mount.source!r} at both {seen[real]} and {mount.target}",
                hint="mount it once",
            )
        seen[real] = mount.target


def check_build(spec: BuildSpec) -> None:
    """Refuse what Apple's builder fails on without a word. Raises ImageBuildError."""
    try:
        size = Path(spec.dockerfile).stat().st_size
    except OSError as error:
        raise ImageBuildError(f"cannot read {spec.dockerfile}: {error.strerror}") from error
    if size >= DOCKERFILE_LIMIT:
        raise ImageBuildError(
            f"{spec.dockerfile} has {size} bytes, Apple's builder takes fewer than {DOCKERFILE_LIMIT}",
            hint="move parts of it into scripts that it copies",
        )
    if os.path.realpath(spec.context) != spec.context or spec.context.startswith("/private/"):
        # the builder compares paths as text, and macOS strips /private from them (#2285)
        raise ImageBuildError(
            f"the build context {spec.context} is below a symbolic link: Apple's builder would copy nothing",
            hint="set CONTENANT_HOME to a directory that is not, such as one in your home",
        )


def build_args(spec: BuildSpec) -> list[str]:
    """The arguments of `container build`."""
    return [
        *("build", "--progress", "plain"),
        *("--tag", spec.tag, "--file", spec.dockerfile),
        *("--memory", BUILDER_MEMORY),
        *pairs("--build-arg", spec.build_args),
        *pairs("--label", spec.labels),
        *(("--platform", spec.platform) if spec.platform else ()),
        *(("--no-cache",) if spec.no_cache else ()),
        spec.context,
    ]


def once_args(image: str, argv: Sequence[str]) -> list[str]:
    """The arguments of `container run` for one program in a machine of its own, without a network."""
    program, *arguments = argv
    return [
        *("run", "--rm", "--network", "none", "--user", "0:0", "--cap-drop", "ALL"),
        *("--memory", MEMORY, "--entrypoint", program, image),
        *arguments,
    ]


def exec_args(name: str, spec: ExecSpec) -> list[str]:
    """The arguments of `container exec`. Never a value for `--env`, and never a name that the image or
    `create` has set: exec appends it, and programs read the first of two (#1212).
    """
    return [
        *("exec", "--user", "0"),
        *(("--interactive",) if spec.interactive else ()),
        *(("--tty",) if spec.tty else ()),
        *(word for variable in spec.env_names for word in ("--env", variable)),
        *(("--workdir", spec.workdir) if spec.workdir else ()),
        name,
        *spec.argv,
    ]
