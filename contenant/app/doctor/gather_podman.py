"""Facts only podman has: which OCI runtime starts a container here, and what it needs without root."""

from __future__ import annotations

import os
import pwd
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from contenant.app.doctor import reading
from contenant.app.doctor.clock import Answer, Deadline, ask
from contenant.app.doctor.facts import EngineFacts, PodmanFacts
from contenant.app.doctor.question import FIRST, NEXT, Question, told, versioned
from contenant.engines.podman import KEEP_ID_SINCE, RUNTIMES, host_limits
from contenant.engines.versions import parse_version

TRY = 8.0  # seconds for one try to start a container
_NETWORK = ("pasta", "slirp4netns")
_SYSCTLS = ("user/max_user_namespaces", "kernel/unprivileged_userns_clone")


def look_at(facts: EngineFacts, question: Question) -> EngineFacts:
    """Versions, what podman says about its host, and whether it can start a container."""
    answer = ask(["podman", "version", "--format", "json"], question.deadline, FIRST)
    facts = versioned(facts, answer)
    if facts.trouble:
        return facts
    answer = ask(["podman", "info", "--format", "json"], question.deadline, NEXT)
    if (found := reading.diagnose("podman", answer)).trouble:
        facts = told(facts._replace(seconds=answer.seconds), found)
        bare = PodmanFacts(True, own_runtime="", remembered=question.runtime, runtimes=(), network_command="")
        mapped = found.trouble != "unusable-ids"
        return facts if mapped else facts._replace(podman=with_ids(bare, question.deadline))
    return _described(facts, reading.as_object(answer.stdout), question)


def _described(facts: EngineFacts, info: Mapping[str, Any], question: Question) -> EngineFacts:
    """By `podman info`."""
    local = sys.platform.startswith("linux") and not reading.dig(info, "host", "serviceIsRemote")
    rootless = bool(reading.dig(info, "host", "security", "rootless"))
    if local and rootless and (parse_version(facts.client) or KEEP_ID_SINCE) < KEEP_ID_SINCE:
        why = f"podman is {facts.client}; without root contenant needs 4.3, to map you to the agent"
        return told(facts, reading.Diagnosis("too-old", why))
    own = PodmanFacts(
        rootless=rootless,
        own_runtime=reading.text_at(info, "host", "ociRuntime", "name"),
        remembered=question.runtime,
        runtimes=runtimes(question.runtime, question.deadline) if local else (),
        network_command=reading.text_at(info, "host", "rootlessNetworkCmd") or _older(facts.client),
    )
    return facts._replace(
        local=local,
        kernel=reading.text_at(info, "host", "kernel"),
        cgroups=reading.cgroups_of(reading.text_at(info, "host", "cgroupVersion")),
        controllers=tuple(reading.dig(info, "host", "cgroupControllers") or ()),
        store=reading.text_at(info, "store", "graphRoot"),
        podman=with_ids(own, question.deadline) if rootless and local else own,
    )


def runtimes(remembered: str | None, deadline: Deadline) -> tuple[tuple[str, str], ...]:
    """OCI runtimes that were tried, up to the first that works: (name, why not); "" is podman's own choice.

    The one that was remembered comes first, since it is the one that a run would use.
    """
    order = dict.fromkeys((*([] if remembered is None else [remembered]), "", *RUNTIMES))
    tried: list[tuple[str, str]] = []
    for runtime in order:
        is_there = not runtime or runtime == remembered or shutil.which(runtime) is not None
        if is_there and deadline.left() > 1:
            tried.append((runtime, _try(runtime, deadline)))
            if not tried[-1][1]:
                break
    return tuple(tried)


def _try(runtime: str, deadline: Deadline) -> str:
    """Why a container cannot be started with this runtime, "" when one can; needs no image.

    The root file system is empty: a runtime that works sets everything up and then says, with exit code 127,
    that there is no such program in it.
    """
    limits = [f"--ulimit={name}={value}:{value}" for name, value in host_limits()._asdict().items() if value]
    chosen = ("--runtime", runtime) if runtime else ()
    with tempfile.TemporaryDirectory(prefix="contenant-doctor-") as empty:
        words = ["podman", *chosen, "run", "--rm", "--network", "none", *limits, "--rootfs", empty, "/probe"]
        answer = ask(words, deadline, TRY)
    if answer.hung:
        return f"no answer within {answer.seconds:.0f} s"
    return "" if answer.code == 127 else reading.last_line(answer.stderr) or f"exit code {answer.code}"


def with_ids(known: PodmanFacts, deadline: Deadline) -> PodmanFacts:
    """The same with ranges of ids, user namespaces and helpers of the network."""
    user = pwd.getpwuid(os.getuid()).pw_name
    return known._replace(
        uids=_ranges(user, "/etc/subuid", (), deadline),
        gids=_ranges(user, "/etc/subgid", ("-g",), deadline),
        newuidmap=shutil.which("newuidmap") is not None,
        namespaces=all(value != "0" for value in _sysctls()),
        network_helper=any(
            map(shutil.which, (known.network_command,) if known.network_command else _NETWORK)
        ),
    )


def _older(client: str) -> str:
    """What a podman that does not name it takes for the network: all did before 5.0, and took slirp4netns."""
    version = parse_version(client)
    return "slirp4netns" if version and version < (5, 0, 0) else ""


def _ranges(user: str, place: str, option: tuple[str, ...], deadline: Deadline) -> int:
    """By getsubids(1), which also knows of directories on the network; else by the file."""
    answer = ask(["getsubids", *option, user], deadline, 5.0) if shutil.which("getsubids") else Answer(-1)
    if answer.code == 0:
        return reading.listed_ranges(answer.stdout)
    try:
        return reading.id_ranges(Path(place).read_text(encoding="utf-8"), user, os.getuid())
    except (OSError, UnicodeDecodeError):
        return 0


def _sysctls() -> Iterator[str]:
    for name in _SYSCTLS:
        try:
            yield Path("/proc/sys", name).read_text(encoding="ascii").strip()
        except OSError:
            continue
