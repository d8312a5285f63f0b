"""Facts only Apple's container has: its service, the kernel of new containers, Time Machine."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from contenant.app.doctor import reading
from contenant.app.doctor.clock import Answer, Deadline, ask
from contenant.app.doctor.facts import AppleFacts, EngineFacts
from contenant.app.doctor.question import FIRST, NEXT, Question, told
from contenant.engines import apple_json
from contenant.engines.versions import short

UNREADABLE = (ValueError, LookupError, TypeError, AttributeError)


def look_at(facts: EngineFacts, question: Question) -> EngineFacts:
    """Version of the command, which never asks the service; then the service."""
    deadline = question.deadline
    answer = ask(["container", "--version"], deadline, FIRST)
    facts = facts._replace(client=short(answer.stdout), seconds=answer.seconds)
    found = reading.diagnose("container", answer)
    found = found if found.trouble else reading.gate("container", answer.stdout, "darwin")
    if found.trouble:
        return told(facts, found)
    answer = ask(["container", "system", "status", "--format", "json"], deadline, FIRST)
    facts = facts._replace(seconds=answer.seconds)
    try:
        status = apple_json.read_status(answer.stdout)  # is printed with exit code 1, too
    except UNREADABLE:
        found = reading.diagnose("container", answer)
        return told(
            facts, found if found.trouble else reading.Diagnosis("failed", "its status cannot be read")
        )
    if status.state == "running":
        return _running(facts, status, deadline)
    trouble = reading.Diagnosis("down" if status.state == "unregistered" else "stuck", status.state)
    return told(facts, trouble)


def _running(facts: EngineFacts, status: apple_json.ServiceStatus, deadline: Deadline) -> EngineFacts:
    answer = ask(["container", "system", "version", "--format", "json"], deadline, NEXT)
    try:
        server = apple_json.read_versions(answer.stdout)[1]
    except UNREADABLE:
        server = ""
    if not server:
        found = reading.diagnose("container", answer)
        return told(facts, found if found.trouble else reading.Diagnosis("stuck", "it names no service"))
    usual = Path.home() / "Library" / "Application Support" / "com.apple.container"
    root = status.app_root.rstrip("/") or os.environ.get("CONTAINER_APP_ROOT") or str(usual)
    answer = ask(["tmutil", "isexcluded", root], deadline, 5.0) if sys.platform == "darwin" else Answer(-1)
    facts = facts._replace(
        server=server,
        local=False,
        store=root,
        apple=AppleFacts(status.state, default_kernel(Path(root)), reading.time_machine(answer)),
    )
    return told(facts, reading.gate("container", server, "darwin", part="service"))


def default_kernel(root: Path) -> str:
    """Its name says its version: `kernels/default.kernel-arm64` links to it (KernelService.swift, #475)."""
    try:
        return (root / "kernels" / "default.kernel-arm64").readlink().name
    except OSError:
        return ""
