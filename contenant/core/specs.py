"""What an engine is asked to make or run, and what it says of one thing: values that a list never needs."""

from collections.abc import Mapping
from typing import NamedTuple

from contenant.core.values import Mount, Publish


class Inspection(NamedTuple):
    """What an engine says about one container beyond a listing."""

    engine_id: str
    image_id: str  # the engine's id of the image it was made from; "" where it does not say
    image_digest: str  # "" where the engine does not say
    mounts: tuple[Mount, ...]
    image_variables: tuple[str, ...]  # names that come with the image
    cpus: float  # limit, 0: none
    memory: int  # bytes, 0: none
    pids: int = -1  # processes and threads, 0: no limit; -1 where the engine does not say


class Load(NamedTuple):
    """What a running container uses now, as its engine says it."""

    name: str
    cpu: float | None  # percent of one processor; None where only the time used is said
    cpu_seconds: float | None  # used since its start; None where only the percentage is said
    memory: int  # bytes
    limit: int  # bytes, 0 where the engine does not say
    pids: int  # processes and threads, 0 where the engine does not say


class ImageReport(NamedTuple):
    """One image in an engine's store."""

    engine_id: str
    reference: str  # as it was asked for; "" for an image without a name
    digest: str  # "sha256:…" of the manifest or, where there is none, of the configuration
    labels: Mapping[str, str]
    size: int  # bytes, 0 where the engine does not say
    created: str  # ISO-8601 UTC, "" where the engine does not say


class ContainerSpec(NamedTuple):
    """Everything that is fixed when a container is created. Its hash is the container's spec hash."""

    name: str
    image: str
    labels: Mapping[str, str]  # encoded
    mounts: tuple[Mount, ...]
    env: Mapping[str, str]  # static and never secret
    publish: tuple[Publish, ...] = ()
    cpus: int = 0  # 0: the engine's default
    memory: int = 0  # bytes, 0: the engine's default
    hostname: str = ""
    cap_add: tuple[str, ...] = ()  # without CAP_; everything else is dropped
    owner: tuple[int, int] = (1000, 1000)  # uid, gid that own the project on the host
    pids: int = 0  # processes and threads, 0: the engine's default


class ExecSpec(NamedTuple):
    """One process to start in a running container, as root, through the image's session wrapper."""

    argv: tuple[str, ...]
    env_names: tuple[str, ...] = ()  # passed by bare name, so that no value stands in an argv
    interactive: bool = False  # connect stdin
    tty: bool = False
    workdir: str = ""


class BuildSpec(NamedTuple):
    """One image build."""

    tag: str
    context: str  # absolute directory; small, real, below the cache directory
    dockerfile: str  # absolute path inside the context
    build_args: Mapping[str, str]
    labels: Mapping[str, str]  # encoded
    platform: str = ""  # "linux/arm64"; "": the engine's own
    network: str = ""  # "host" where the build needs the host's network
    no_cache: bool = False
