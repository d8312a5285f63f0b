"""--ssh: the agent socket of the process that starts the container, relayed into the guest.

The socket is fixed at start (apple/container issues 1189 and 2196) and copies the host socket's mode from
1.1 on.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from .call import Call

DIRECTORY = "/run/host-services"
NAME = "ssh-auth.sock"
VARIABLE = "SSH_AUTH_SOCK"


def environment(made: dict[str, Any]) -> list[str]:
    """The variable that names the socket in the guest, unless the configuration sets its own."""
    own = any(entry.startswith(f"{VARIABLE}=") for entry in made["initProcess"]["environment"])
    return [f"{VARIABLE}={DIRECTORY}/{NAME}"] if made["ssh"] and not own else []


def directory(call: Call, identifier: str) -> Path:
    """Where the relayed socket lives on the host."""
    return call.settings.home / "ssh" / identifier


def mount_words(call: Call, identifier: str, made: dict[str, Any]) -> list[str]:
    """podman's flags that show the socket's directory in the guest."""
    if not made["ssh"]:
        return []
    place = directory(call, identifier)
    place.mkdir(parents=True, exist_ok=True)
    place.chmod(0o755)
    return ["-v", f"{place}:{DIRECTORY}"]


def serve(call: Call, identifier: str, made: dict[str, Any]) -> None:
    """Start the relay for this boot; nothing when the container has no --ssh or the caller has no agent."""
    target = call.environ.get(VARIABLE, "")
    if not made["ssh"] or not target:
        return
    path = directory(call, identifier) / NAME
    path.unlink(missing_ok=True)
    mode = "0600" if not call.at_least(1, 1) else oct(os.stat(target).st_mode & 0o777)
    subprocess.Popen(
        [
            sys.executable,
            "-I",
            str(Path(__file__).with_name("ssh_relay.py").resolve()),
            str(path),
            target,
            mode,
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + 5
    while not path.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
