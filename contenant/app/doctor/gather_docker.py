"""Facts only docker has: which daemon answers, and whether contenant can use it."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any

from contenant.app.doctor import reading
from contenant.app.doctor.clock import ask
from contenant.app.doctor.facts import EngineFacts
from contenant.app.doctor.question import FIRST, NEXT, Question, told, versioned


def look_at(facts: EngineFacts, question: Question) -> EngineFacts:
    """Versions, then what the daemon says about itself."""
    answer = ask(["docker", "version", "--format", "{{json .}}"], question.deadline, FIRST)
    facts = versioned(facts, answer)
    if facts.trouble:
        return facts
    if not facts.server:
        return told(
            facts, reading.Diagnosis("failed", "it names no daemon: `docker` is another's, say podman's")
        )
    answer = ask(["docker", "info", "--format", "{{json .}}"], question.deadline, NEXT)
    if (found := reading.diagnose("docker", answer)).trouble:
        return told(facts._replace(seconds=answer.seconds), found)
    info = reading.as_object(answer.stdout)
    if why := refused(info):
        return told(facts, reading.Diagnosis("unsupported", why))
    kernel = reading.text_at(info, "KernelVersion")
    local = sys.platform.startswith("linux") and kernel == os.uname().release
    return facts._replace(
        local=local,
        kernel=kernel,
        cgroups=reading.cgroups_of(reading.text_at(info, "CgroupVersion")),
        store=reading.text_at(info, "DockerRootDir") if local else "",
    )


def refused(info: Mapping[str, Any]) -> str:
    """Why contenant cannot use a daemon, by `docker info`: the agent could not write to the project."""
    options = [str(option) for option in info.get("SecurityOptions") or ()]
    for option, what in (("name=rootless", "runs without root"), ("name=userns", "remaps user ids")):
        if any(text.startswith(option) for text in options):
            return f"this daemon {what}, so the agent could not write to your project; podman can"
    return ""
