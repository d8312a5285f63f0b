"""What a container's mounts really lead to: noted when it is made, compared each time it starts.

An engine follows the paths it was given anew at every start. The agent can write in the project: were it to
put a link in the place of a directory there, a container that starts again would have that link's end
mounted, anywhere on the host.
"""

import json
import os
from collections.abc import Iterable
from pathlib import Path

from contenant import files
from contenant.app.project import container_dir
from contenant.core.plan_run import anew
from contenant.core.values import Mount
from contenant.errors import BusyError
from contenant.paths import ensure_private

_MOST = 1024**2  # bytes


def note(name: str, mounts: Iterable[Mount]) -> None:
    """Keep where the mounts of the container `name` lead now. Done before it is made.

    What is not there is left to the engine, which refuses it.
    """
    sources = {mount.source for mount in mounts if os.path.lexists(mount.source)}
    ends = {source: os.path.realpath(source) for source in sources}
    files.replace(_place(name), json.dumps(ends).encode("ascii"))


def check(name: str, variant: str = "") -> None:
    """Raise BusyError unless every mount leads where it led, and to something that is there.

    `variant`: which of the project's containers it is.
    """
    again = f"look at what is there now; `{anew(variant)}` then makes the container anew"
    data = files.read(_place(name), _MOST)
    if data is None:
        raise BusyError(f"where the mounts of {name} lead is not on record", hint=again)
    for source, end in json.loads(data).items():
        if os.path.realpath(source) != end:
            raise BusyError(f"{source!r} leads elsewhere than when {name} was made", hint=again)
        if not os.path.lexists(end):
            raise BusyError(f"{source!r} is gone, which {name} was made with", hint=again)


def _place(name: str) -> Path:
    return ensure_private(container_dir(name)) / "mounts.json"
