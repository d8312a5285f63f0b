"""The values that cross module borders: what an engine reports and what it is asked to make.

NamedTuples rather than dataclasses: this module is on the path of every start, and a
NamedTuple costs a tenth of a frozen dataclass to create. Those that a list needs nothing of are in
`core.specs`, and come from there when they are asked for here.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from contenant.core.engine_names import ENGINE_NAMES as ENGINE_NAMES
from contenant.core.engine_names import ContainerState as ContainerState
from contenant.core.engine_names import EngineName as EngineName

if TYPE_CHECKING:
    from contenant.core.specs import BuildSpec as BuildSpec
    from contenant.core.specs import ContainerSpec as ContainerSpec
    from contenant.core.specs import ExecSpec as ExecSpec
    from contenant.core.specs import ImageReport as ImageReport
    from contenant.core.specs import Inspection as Inspection
    from contenant.core.specs import Load as Load


def __getattr__(name: str) -> Any:
    if name.startswith("__"):  # the import system itself looks for some
        raise AttributeError(name)
    from contenant.core import specs

    return getattr(specs, name)


class ContainerReport(NamedTuple):
    """One container as an engine reports it, ours or not."""

    engine_id: str  # the engine's own id; Apple: equal to the name
    name: str
    state: ContainerState
    labels: Mapping[str, str]  # raw, still encoded (core.labels)
    image: str  # reference as the engine gives it
    created: str  # ISO-8601 UTC, "" where the engine does not say


class Mount(NamedTuple):
    """A host directory in the container. Directories only: Apple's engine shares a file's whole parent."""

    source: str  # absolute host path
    target: str  # absolute container path
    read_only: bool = False


class Publish(NamedTuple):
    """A container port on the host."""

    host_ip: str  # "127.0.0.1" unless asked otherwise
    host_port: int
    container_port: int
    protocol: Literal["tcp", "udp"] = "tcp"
