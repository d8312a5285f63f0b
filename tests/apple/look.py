"""Reading what the stand-in prints, whatever the release."""

from __future__ import annotations

import json
from typing import Any

from tests.standins.apple.fixture import Standin


def is_new(standin: Standin) -> bool:
    """Whether the release is 1.0 or newer."""
    return not standin.env["CONTAINER_STANDIN_VERSION"].startswith("0.")


def listed(standin: Standin) -> dict[str, dict[str, Any]]:
    """All containers by id."""
    rows = json.loads(standin.ok("list", "-a", "--format", "json"))
    return {row["configuration"]["id"]: row for row in rows}


def state_of(standin: Standin, identifier: str) -> str:
    """`running` or `stopped`."""
    row = json.loads(standin.ok("inspect", identifier))[0]
    return str(row["status"]["state"] if is_new(standin) else row["status"])


def keep(standin: Standin, identifier: str, *flags: str, image: str = "tiny:1") -> str:
    """Create a container that waits, with an init; its id."""
    standin.ok("create", "--name", identifier, "--init", *flags, image, "sleep", "infinity")
    return identifier


def keep_running(standin: Standin, identifier: str, *flags: str, image: str = "tiny:1") -> str:
    """The same, started."""
    keep(standin, identifier, *flags, image=image)
    standin.ok("start", identifier)
    return identifier


def refused(standin: Standin, *words: str, code: int = 1, text: str = "", **more: Any) -> str:
    """Insist that the call fails with that code and text and prints nothing on stdout; stderr."""
    done = standin.run(*words, **more)
    assert (done.returncode, done.stdout) == (code, ""), (words, done)
    assert done.stderr.startswith("Error: "), done.stderr
    assert text in done.stderr, done.stderr
    return done.stderr
