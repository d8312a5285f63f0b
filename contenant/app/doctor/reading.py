"""What engines print when doctor asks them, read. Pure; nothing an engine prints makes it raise."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from contenant.app.doctor.clock import Answer
from contenant.app.doctor.facts import Trouble
from contenant.core.values import EngineName
from contenant.engines.versions import parse_version, require
from contenant.errors import EngineUnavailableError

# What an engine's client says when it cannot do its work, and what that means; the first match counts.
_SYMPTOMS: Mapping[EngineName, tuple[tuple[str, Trouble], ...]] = {
    "podman": (
        (r"newuidmap|subuid|subgid|insufficient uids or gids", "unusable-ids"),
        (r"cannot re-exec process|cannot clone|user namespaces are not enabled", "unusable-ids"),
        (r"(unable to|cannot) connect to podman", "down"),
    ),
    "docker": (
        (r"permission denied while trying to connect|connect: permission denied", "permission"),
        (
            r"context .*not found|unable to (resolve|parse) docker (endpoint|host)|invalid bind address",
            "context",
        ),
        (r"cannot connect to the docker daemon|is the docker daemon running|error during connect", "down"),
        (r"client version .* is too (old|new)|maximum supported api version", "too-old"),
    ),
    "container": (
        (r"failed to decode .*health check", "skew"),
        (r"xpc connection error|service has been started|plugins are unavailable", "down"),
        (r"unknown option|plugin 'container-", "too-old"),
    ),
}


class Diagnosis(NamedTuple):
    """Why an engine cannot be used, "" when it can, and its own words."""

    trouble: Trouble
    said: str = ""


def diagnose(name: EngineName, answer: Answer) -> Diagnosis:
    """What a failed call means; nothing for one that went well."""
    if answer.hung:
        return Diagnosis("wedged")
    if answer.code == 0:
        return Diagnosis("")
    for pattern, trouble in _SYMPTOMS[name]:
        if re.search(pattern, answer.stderr, re.IGNORECASE):
            return Diagnosis(trouble, last_line(answer.stderr))
    return Diagnosis("failed", last_line(answer.stderr) or f"it exited with {answer.code}")


def gate(name: EngineName, version: str, system: str, part: str = "") -> Diagnosis:
    """Whether a version is new enough."""
    try:
        require(name, version, system, part=part)
    except EngineUnavailableError as error:
        return Diagnosis("too-old" if parse_version(version) else "failed", error.message)
    return Diagnosis("")


def last_line(text: str) -> str:
    """The line that says why: the last that is no log line or advice, at most 300 characters of it."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    telling = [line for line in lines if not line.startswith(("time=", "See '", "Run '"))] or lines
    line = telling[-1] if telling else ""
    return re.sub(r"^(Error: |Error response from daemon: |docker: )+", "", line)[:300]


def as_object(text: str) -> dict[str, Any]:
    """A JSON object, {} for anything else."""
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def dig(data: object, *keys: str) -> Any:
    """A value below nested objects, None where there is none."""
    for key in keys:
        data = data.get(key) if isinstance(data, dict) else None
    return data


def text_at(data: object, *keys: str) -> str:
    """The same as text, "" where there is none."""
    found = dig(data, *keys)
    return str(found) if found not in (None, False) else ""


def cgroups_of(text: str) -> Literal["v1", "v2", ""]:
    """`v1`, `v2`, `1` or `2`."""
    number = text.lower().removeprefix("v")
    return "v1" if number == "1" else "v2" if number == "2" else ""


def id_ranges(text: str, user: str, uid: int) -> int:
    """How many subordinate ids a user has by /etc/subuid or /etc/subgid (subuid(5))."""
    total = 0
    for line in text.splitlines():
        owner, _, rest = line.partition(":")
        count = rest.rpartition(":")[2].strip()
        if owner in (user, str(uid)) and count.isdigit():
            total += int(count)
    return total


def listed_ranges(text: str) -> int:
    """The same by getsubids(1), which also asks directories on the network: `0: me 100000 65536`."""
    counts = [line.split()[-1] for line in text.splitlines() if len(line.split()) == 4]
    return sum(int(count) for count in counts if count.isdigit())


def test_verdict(answer: Answer) -> str:
    """Why a firewall's self-test failed: its first failed probe, else its last words."""
    if answer.hung:
        return f"no answer within {answer.seconds:.0f} s"
    for line in answer.stdout.splitlines():
        if line.startswith("FAIL"):
            return line.removeprefix("FAIL").strip()[:300]
    return last_line(answer.stderr) or f"exit code {answer.code}"


def time_machine(answer: Answer) -> Literal["included", "excluded", ""]:
    """`tmutil isexcluded PATH`: `[Excluded]    /path` or `[Included]    /path`."""
    if "[Excluded]" in answer.stdout:
        return "excluded"
    return "included" if "[Included]" in answer.stdout else ""
