"""The vocabulary of what can happen: every write to the database is a change, and each change is one event.

Deciding functions return changes; `Store.apply` writes each to its rows and, with the same data, to the audit
log, in one transaction. One function per kind, so that no kind is ever spelled twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from contenant.core.labels import encode

if TYPE_CHECKING:
    from contenant.core.records import (
        ContainerRecord,
        EgressRecord,
        ImageRecord,
        ProjectRecord,
        RuleRecord,
        SessionRecord,
    )
    from contenant.core.values import ContainerState


class Change(NamedTuple):
    """What happened, or is about to. `data` is JSON-ready and never holds a secret."""

    kind: str  # "container.created"
    subject: str  # id of the project, container, session, image or policy it is about
    project_id: str  # "" where it belongs to none
    data: Mapping[str, Any]


def project_added(project: ProjectRecord) -> Change:
    return Change("project.added", project.id, project.id, {"path": project.path, "name": project.name})


def project_forgotten(project_id: str, why: str) -> Change:
    return Change("project.forgotten", project_id, project_id, {"why": why})


def project_located(project_id: str, place: str) -> Change:
    """Where its directory lies: "device:inode", by which it is recognised after a move."""
    return Change("project.located", project_id, project_id, {"place": place})


def project_missing(project_id: str, path: str) -> Change:
    """Its directory is not there: deleted, moved, or on a disk that is away."""
    return Change("project.missing", project_id, project_id, {"path": path})


def project_found(project_id: str, path: str) -> Change:
    """A directory is there again where one was missing."""
    return Change("project.found", project_id, project_id, {"path": path})


def clock_set_back(before: str) -> Change:
    """The machine's clock is behind the last event, which was at `before`: moments are out of order here."""
    return Change("clock.set_back", "", "", {"before": before})


def project_moved(project_id: str, old: str, new: str) -> Change:
    return Change("project.moved", project_id, project_id, {"from": old, "to": new})


def container_creating(container: ContainerRecord) -> Change:
    """The intent: written before the engine is asked."""
    return Change("container.creating", container.id, container.project_id, _described(container))


def container_created(container: ContainerRecord, engine_id: str) -> Change:
    return Change("container.created", container.id, container.project_id, {"engine_id": engine_id})


def container_adopted(container: ContainerRecord) -> Change:
    """A container with our labels and no record: after a lost database, or a crash before the outcome."""
    return Change("container.adopted", container.id, container.project_id, _described(container))


def container_state(container: ContainerRecord, state: ContainerState, why: str = "") -> Change:
    data = {"from": container.state, "to": state, "why": why}
    return Change("container.state", container.id, container.project_id, data)


def container_renamed(container: ContainerRecord, name: str) -> Change:
    data = {"from": container.name, "to": name}
    return Change("container.renamed", container.id, container.project_id, data)


def container_options(container: ContainerRecord, flags: str, why: str) -> Change:
    """The creation options that --recreate keeps are others now; `flags` is their canonical JSON."""
    return Change("container.options", container.id, container.project_id, {"flags": flags, "why": why})


def container_replaced(container: ContainerRecord, engine_id: str) -> Change:
    """Another container bears our id in its labels in the place of the one we made."""
    data = {"from": container.engine_id, "to": engine_id}
    return Change("container.replaced", container.id, container.project_id, data)


def container_removing(container: ContainerRecord, why: str) -> Change:
    """The intent to remove."""
    return Change("container.removing", container.id, container.project_id, {"why": why})


def container_gone(container: ContainerRecord, why: str) -> Change:
    """Removed by us, vanished behind our back, or never made."""
    return Change("container.gone", container.id, container.project_id, {"why": why})


def policy_applied(container: ContainerRecord, policy_hash: str, how: str) -> Change:
    """A container's policy changed: `how` is "started" (read at its start) or "live"."""
    data = {"from": container.policy, "to": policy_hash, "how": how}
    return Change("container.policy", container.id, container.project_id, data)


def session_starting(session: SessionRecord, project_id: str) -> Change:
    data = session._asdict() | {"argv": list(session.argv)}
    return Change("session.starting", session.id, project_id, data)


def session_adopted(session: SessionRecord, project_id: str) -> Change:
    """A session that lives in an adopted container; what is not known of it is empty."""
    data = session._asdict() | {"argv": list(session.argv)}
    return Change("session.adopted", session.id, project_id, data)


def session_ended(session_id: str, project_id: str, how: str, exit_code: int | None) -> Change:
    return Change("session.ended", session_id, project_id, {"how": how, "exit_code": exit_code})


def session_reattached(session: SessionRecord, project_id: str) -> Change:
    """Another terminal took over a live session; pid, pid_start and boot_id are the new contenant's."""
    data = {"pid": session.pid, "pid_start": session.pid_start, "boot_id": session.boot_id}
    return Change("session.reattached", session.id, project_id, data)


def session_detached(session_id: str, project_id: str) -> Change:
    """The terminal went, the session lives on."""
    return Change("session.detached", session_id, project_id, {})


def way_back(session_id: str, project_id: str, findings: Mapping[str, Any]) -> Change:
    """What a session left in the project that the host runs without asking (core.protect.summary)."""
    return Change("session.left", session_id, project_id, findings)


def session_ssh(session_id: str, project_id: str, keys: Sequence[str]) -> Change:
    """A session is given the host's SSH agent; `keys` are the fingerprints it holds then."""
    return Change("session.ssh", session_id, project_id, {"keys": list(keys)})


def service_lent(session_id: str, project_id: str, ports: Sequence[int]) -> Change:
    """A session is shown these ports of the host's loopback."""
    return Change("service.lent", session_id, project_id, {"ports": list(ports)})


def service_used(
    session_id: str, project_id: str, port: int, connections: int, sent: int, received: int
) -> Change:
    """What went through one of them, in bytes from the container and to it, until the session was left."""
    data = {"port": port, "connections": connections, "sent": sent, "received": received}
    return Change("service.used", session_id, project_id, data)


def image_building(reference: str, recipe: str, layer: str = "base", parent: str = "") -> Change:
    """`parent`: reference of the image it is built on."""
    return Change("image.building", reference, "", {"recipe": recipe, "layer": layer, "parent": parent})


def image_built(image: ImageRecord) -> Change:
    return Change("image.built", image.id, "", image._asdict())


def image_loaded(image: ImageRecord) -> Change:
    """It came from a file."""
    return Change("image.loaded", image.id, "", image._asdict())


def image_failed(reference: str, recipe: str, log: str) -> Change:
    return Change("image.failed", reference, "", {"recipe": recipe, "log": log})


def image_removed(reference: str, why: str, engine: str = "", digest: str = "") -> Change:
    """It is gone from an engine ("": from all); with a digest, only what had that, whatever its name now."""
    return Change("image.removed", reference, "", {"why": why, "engine": engine, "digest": digest})


def claude_pinned(version: str, integrity: Mapping[str, str]) -> Change:
    """A version of the agent was first seen; `integrity`: platform -> what npm said of its package then."""
    return Change("claude.pinned", version, "", {"version": version, "integrity": dict(integrity)})


def claude_chosen(version: str, before: str, why: str) -> Change:
    """New containers get another version of the agent; `why`: core.versions.Chosen."""
    return Change("claude.chosen", version, "", {"from": before, "to": version, "why": why})


def policy_stored(
    policy_hash: str, rules: str, mode: str, parent: str, reason: str, author: str, expires: str = ""
) -> Change:
    """An effective policy, stored once under its content hash; `rules` is its canonical text.

    `expires`: the moment at which its first entry ends, "" where none does.
    """
    data = {"rules": rules, "mode": mode, "parent": parent, "reason": reason, "author": author}
    return Change("policy.stored", policy_hash, "", data | {"expires": expires})


def engine_remembered(engine: str, key: str, value: str) -> Change:
    """A fact found out about an engine that is worth keeping, such as the OCI runtime that works."""
    return Change("engine.remembered", engine, "", {"key": key, "value": value})


def rule_added(rule: RuleRecord) -> Change:
    """A user's word about what may leave a project's containers."""
    return Change("rule.added", rule.id, rule.project_id, rule._asdict())


def rule_removed(rule: RuleRecord, why: str) -> Change:
    """It does not count any more: taken back, replaced, ended by its own time, refused by a container."""
    data = {"kind": rule.kind, "text": rule.text, "why": why}
    return Change("rule.removed", rule.id, rule.project_id, data)


def credential_used(fingerprint: str, source: str, kind: str, expires: str) -> Change:
    """A session is given a credential; recorded once per fingerprint, and anew after it was forgotten."""
    return Change("credential.used", fingerprint, "", {"source": source, "kind": kind, "expires": expires})


def credential_stored(fingerprint: str, place: str, kind: str, expires: str) -> Change:
    """`auth login` put one into contenant's own store; `place` is keyring or file."""
    return Change("credential.stored", fingerprint, "", {"place": place, "kind": kind, "expires": expires})


def credential_forgotten(fingerprint: str, held_by: Sequence[str]) -> Change:
    """`auth logout` removed it; `held_by` are the ids of live sessions that were given it."""
    return Change("credential.forgotten", fingerprint, "", {"sessions": list(held_by)})


def config_trusted(path: str, digest: str, asked: Sequence[str]) -> Change:
    """The user trusts a project's file with these bytes; `asked` is what it got that way."""
    data = {"path": path, "sha256": digest, "asked": list(asked)}
    return Change("config.trusted", encode(path), "", data)


def config_revoked(path: str) -> Change:
    """The user trusts that file no longer."""
    return Change("config.revoked", encode(path), "", {"path": path})


def config_changed(path: str, digest: str, before: str) -> Change:
    """A file of settings has other bytes than when last looked at; a digest is SHA-256, "" for no file."""
    return Change("config.changed", encode(path), "", {"path": path, "sha256": digest, "before": before})


def home_removed(name: str, project_id: str, path: str) -> Change:
    """The agent's home of the container `name` is gone, transcripts and all; `path` is the project's."""
    return Change("home.removed", name, project_id, {"path": path})


def drop_put(name: str, project_id: str, entry: str, size: int) -> Change:
    """A file or directory of `size` bytes was put into the drop folder of the container `name`."""
    return Change("drop.put", name, project_id, {"path": entry, "size": size})


def drop_got(name: str, project_id: str, entry: str, size: int) -> Change:
    """A file or directory of `size` bytes was taken out of the drop folder of the container `name`."""
    return Change("drop.got", name, project_id, {"path": entry, "size": size})


def drift_found(container: ContainerRecord, finding: Mapping[str, str]) -> Change:
    """A container is not what is on record (core.drift.Finding)."""
    return Change("drift.found", container.id, container.project_id, dict(finding))


def drift_mended(container: ContainerRecord, aspect: str, what: str, expected: str, how: str) -> Change:
    """What was found is no more; `how`: "fixed" by verify --fix, or "observed"."""
    data = {"aspect": aspect, "what": what, "expected": expected, "how": how}
    return Change("drift.mended", container.id, container.project_id, data)


def egress_collected(
    container: ContainerRecord, since: str, cursor: str, rows: Sequence[tuple[str, EgressRecord]]
) -> Change:
    """What a container's firewall recorded from the cursor `since` to `cursor`; `rows`: (id, record)."""
    kept = [{"id": key, **row._asdict()} for key, row in rows]
    data = {"since": since, "cursor": cursor, "rows": kept}
    return Change("egress.collected", container.id, container.project_id, data)


def usage_collected(
    home: str, project_id: str, piece: Mapping[str, Any], records: Sequence[tuple[Any, ...]]
) -> Change:
    """Usage read of a piece of a transcript in the home of the container `home`.

    `piece`: `path`, `inode`, `position` now, and `was` and `since`, inode and position before, None where it
    is new. `records` are `core.usage.UsageRecord`s.
    """
    data = {**piece, "rows": [list(record) for record in records]}
    return Change("usage.collected", home, project_id, data)


def worktree_made(path: str, branch: str, repository: str) -> Change:
    """`--worktree` made a worktree of the repository whose common directory that is."""
    data = {"path": path, "branch": branch, "repository": repository}
    return Change("worktree.made", encode(path), "", data)


def worktree_removed(path: str, branch: str, why: str) -> Change:
    """A worktree that contenant had made is gone; its branch stays."""
    return Change("worktree.removed", encode(path), "", {"path": path, "branch": branch, "why": why})


def database_restored(backup: str, aside: str, last: tuple[int, str] | None) -> Change:
    """A backup took the place of the file that is now at `aside`, `last` its last event: number and hash."""
    seq, digest = last or (0, "")
    return Change("database.restored", backup, "", {"path": aside, "last": seq, "hash": digest})


def _described(container: ContainerRecord) -> dict[str, Any]:
    return container._asdict()
