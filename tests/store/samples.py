"""Records and changes for the store's tests, and a clock that moves only when told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from contenant.core import changes
from contenant.core.ages import to_text
from contenant.core.changes import Change
from contenant.core.records import (
    ContainerRecord,
    EgressRecord,
    ImageRecord,
    ProjectRecord,
    RuleRecord,
    SessionRecord,
    UsageRecord,
)
from contenant.store.store import Store

HOST = "0123456789abcdef"
START = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)


class Clock:
    """Every look at it moves it by `step`."""

    def __init__(self, start: datetime = START, step: timedelta = timedelta(seconds=1)) -> None:
        self.moment, self.step = start, step

    def __call__(self) -> datetime:
        self.moment += self.step
        return self.moment


AT = to_text(START)


def project(key: str = "p1", path: str = "/work/one", **more: Any) -> ProjectRecord:
    return ProjectRecord(
        **{"id": key, "path": path, "name": f"contenant-{key}", "created": AT, "last_used": AT} | more
    )


def container(key: str = "c1", of: str = "p1", **more: Any) -> ContainerRecord:
    fields: dict[str, Any] = {
        "id": key,
        "project_id": of,
        "engine": "podman",
        "engine_identity": "store-1",
        "name": f"contenant-{of}",
        "engine_id": "",
        "image": "contenant:2.1.0-aaaaaaaaaaaa",
        "policy": "",
        "spec_hash": "5" * 64,
        "state": "created",
        "created": AT,
        "last_seen": AT,
        "last_used": AT,
    }
    return ContainerRecord(**fields | more)


def session(key: str = "s1", of: str = "c1", **more: Any) -> SessionRecord:
    fields: dict[str, Any] = {
        "id": key,
        "container_id": of,
        "image": "contenant:2.1.0-aaaaaaaaaaaa",
        "policy": "",
        "argv": ("bash", "-c", "true 'a b'"),
        "tty": True,
        "detachable": False,
        "pid": 4711,
        "pid_start": "99",
        "boot_id": "boot-1",
        "started": AT,
    }
    return SessionRecord(**fields | more)


def rule(key: str = "r1", of: str = "p1", **more: Any) -> RuleRecord:
    fields: dict[str, Any] = {
        "id": key,
        "project_id": of,
        "kind": "allow",
        "text": "a.example.com",
        "reason": "needed",
        "author": "me",
        "added": AT,
    }
    return RuleRecord(**fields | more)


def attempt(of: str = "c1", **more: Any) -> EgressRecord:
    """A name that was refused once."""
    fields: dict[str, Any] = {
        "container_id": of,
        "session_id": "",
        "policy": "e" * 64,
        "layer": "dns",
        "verdict": "deny",
        "destination": "a.example.com",
        "address": "",
        "port": 443,
        "protocol": "tcp",
        "uid": -1,
        "first_seen": AT,
        "last_seen": AT,
        "attempts": 1,
        "sent": 0,
        "received": 0,
    }
    return EgressRecord(**fields | more)


def answer(key: str = "m1", **more: Any) -> UsageRecord:
    """An answer of the model."""
    fields: dict[str, Any] = {
        "message_id": key,
        "request_id": f"r-{key}",
        "model": "claude-opus-5-5",
        "at": AT,
        "input_tokens": 10,
        "output_tokens": 3,
        "cache_read_tokens": 1000,
        "cache_write_5m_tokens": 200,
        "cache_write_1h_tokens": 40,
        "conversation": "conv-1",
    }
    return UsageRecord(**fields | more)


def piece(position: int, since: int | None = None, path: str = "a/b.jsonl") -> dict[str, Any]:
    """A piece of a transcript that was read up to `position`."""
    was = None if since is None else 7
    return {"path": path, "inode": 7, "position": position, "was": was, "since": since}


def image(key: str = "i1", **more: Any) -> ImageRecord:
    fields: dict[str, Any] = {
        "id": key,
        "recipe": "a" * 64,
        "layer": "base",
        "parent": "debian:trixie",
        "reference": "contenant:2.1.0-aaaaaaaaaaaa",
        "digest": "sha256:" + "d" * 64,
        "claude_version": "2.1.0",
        "base_origin": "local",
        "base_digest": "sha256:" + "b" * 64,
        "build_args": "{}",
        "built": AT,
        "seconds": 12.5,
        "size": 3_000_000_000,
    }
    return ImageRecord(**fields | more)


def made(key: str = "c1", of: str = "p1", path: str = "/work/one") -> list[Change]:
    """A project with a container in it, made."""
    mine = container(key, of)
    return [
        changes.project_added(project(of, path)),
        changes.container_creating(mine),
        changes.container_created(mine, f"engine-{key}"),
    ]


def kinds(store: Store) -> list[str]:
    """The audit log, as kinds."""
    return [event.kind for event in store.events()]
