"""What one engine is asked, and what its first answers mean."""

from __future__ import annotations

import sys
from typing import NamedTuple

from contenant.app.doctor import reading
from contenant.app.doctor.clock import Answer, Deadline
from contenant.app.doctor.facts import EngineFacts
from contenant.core.values import EngineName

FIRST = 12.0  # seconds for an engine's first answer: more than a busy machine needs
NEXT = 12.0


class Question(NamedTuple):
    """What to look at."""

    name: EngineName
    wanted: bool
    image: str  # reference of the current image, "" where it is not known
    runtime: str | None  # the OCI runtime that was found for podman
    deadline: Deadline


def told(facts: EngineFacts, found: reading.Diagnosis) -> EngineFacts:
    """The facts with what is wrong."""
    return facts._replace(trouble=found.trouble, said=found.said)


def versioned(facts: EngineFacts, answer: Answer) -> EngineFacts:
    """By podman's and docker's `version` as JSON: both versions, and what is wrong with the call or them."""
    version = reading.as_object(answer.stdout)
    client = reading.text_at(version, "Client", "Version")
    server = reading.text_at(version, "Server", "Version")
    facts = facts._replace(seconds=answer.seconds, client=client, server=server)
    if (found := reading.diagnose(facts.name, answer)).trouble:
        return told(facts, found)
    for text, part in ((client, "client"), (server, "daemon")):
        if text and (found := reading.gate(facts.name, text, sys.platform, part)).trouble:
            return told(facts, found)
    return facts
