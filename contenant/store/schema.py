"""The tables, as SQLAlchemy Core metadata. `docs/schema.md` is made from the comments here.

Every change here needs a migration in `migrations/versions`; a test compares the two. Moments are ISO-8601
UTC text with milliseconds, so that text order is time order; "" stands for "not yet" or "not known".
"""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
    UniqueConstraint,
)

from contenant.store import schema_usage
from contenant.store.dialect import TIMELINE, only_where
from contenant.store.schema_columns import count as _count
from contenant.store.schema_columns import flag as _flag
from contenant.store.schema_columns import host_column as _host
from contenant.store.schema_columns import json as _json
from contenant.store.schema_columns import later as _later
from contenant.store.schema_columns import metadata as metadata  # it is this module's, too
from contenant.store.schema_columns import number as _number
from contenant.store.schema_columns import own_id as _id
from contenant.store.schema_columns import text as _text

usage, transcript = schema_usage.usage, schema_usage.transcript
_THERE = only_where("gone = ''")

host = Table(
    "host",
    metadata,
    _id("identity of the machine and its state directory"),
    _text("name", "host name when it first wrote here"),
    _text("created", "when it first wrote here"),
    comment="A machine, or rather one user's state directory on it.",
)

engine = Table(
    "engine",
    metadata,
    _host(),
    _text("kind", "container, podman or docker"),
    _text("identity", "which store behind the engine: an answer from another one is not 'all gone'"),
    _later("version", "its version when last a container was made or adopted"),
    _text("first_seen", "when a container was first recorded on it"),
    PrimaryKeyConstraint("host", "kind", "identity"),
    comment="A container engine at one endpoint.",
)

project = Table(
    "project",
    metadata,
    _id("id"),
    _host(),
    _text("path", "canonical absolute path; not valid UTF-8: `%:` and the percent-encoded bytes"),
    _text("name", "the container name it stands for"),
    _text("created", "when it was first run"),
    _text("last_used", "when a session last started or ended in it"),
    _later("forgotten", "when it was forgotten"),
    _later(
        "place", "device and inode of its directory when last run, by which a move is known; after `!`: gone"
    ),
    Index("uq_project_path", "host", "path", unique=True, **only_where("forgotten = ''")),
    comment="A directory on a host that has, or had, a container. A path is unique among the not forgotten.",
)

container = Table(
    "container",
    metadata,
    _id("id, also in the label dev.contenant.container"),
    _host(),
    _text("project_id", "the project mounted in it", ForeignKey("project.id")),
    _text("engine", "container, podman or docker"),
    _text("engine_identity", "which store behind the engine"),
    _later("engine_version", "the engine's version at creation"),
    _text("name", "its name"),
    _later("engine_id", "the engine's own id; empty between the intent to create and the outcome"),
    _text("image", "reference of the image it was made from"),
    _later("policy", "hash of the policy in force at creation"),
    _text("spec_hash", "hash of everything that is fixed at creation"),
    _text("state", "created, running, stopped, paused or unknown, as last seen"),
    _text("created", "when it was created"),
    _text("last_seen", "when the engine last listed it in another state, or made it"),
    _text("last_used", "when a session last started or ended in it"),
    _later("gone", "when it was removed or found missing"),
    _later("gone_why", "why it is gone; set while `gone` is empty: a removal was begun"),
    _json("spec", "what was asked of the engine at creation, canonical JSON"),
    _json("flags", "creation options given on the command line, canonical JSON"),
    _later("variant", "what a further container of the project is called; empty for its first"),
    _later("collected", "cursor up to which its firewall's record was taken over"),
    ForeignKeyConstraint(
        ["host", "engine", "engine_identity"], ["engine.host", "engine.kind", "engine.identity"]
    ),
    Index("uq_container_name", "host", "engine", "engine_identity", "name", unique=True, **_THERE),
    Index("ix_container_project_id", "project_id"),
    comment="A container of contenant's. Rows stay when it is gone; a name is unique among those there.",
)

image = Table(
    "image",
    metadata,
    _id("id"),
    _host(),
    _text("recipe", "hash of every build input"),
    _text("layer", "base, user or project"),
    _text("parent", "reference it was built from"),
    _text("reference", "its own reference, name:tag"),
    _text("digest", "sha256:… of the manifest or the configuration"),
    _text("claude_version", "version of Claude Code in it"),
    _text("base_origin", "where the base came from: local, pulled or bootstrapped"),
    _text("base_digest", "digest of the base"),
    _text("build_args", "build arguments, canonical JSON"),
    _text("built", "when the build ended"),
    Column("seconds", Float, nullable=False, comment="how long the build took"),
    _number("size", "bytes"),
    _later("removed", "when it was removed"),
    _later("removed_why", "why it was removed"),
    _later("log", "path of the build's log"),
    _later("snapshot", "moment of the package index that a bootstrapped base was made from"),
    _later("integrity", "npm integrity of Claude Code's package, sha512-<base64>"),
    _json("inputs", "SHA-256 of every input by its path, canonical JSON"),
    Column("steps", String, nullable=False, server_default="[]", comment="[[step, seconds]…], JSON"),
    _later("engine", "engine it was built or loaded on"),
    Column("origin", String, nullable=False, server_default="built", comment="built, or loaded from a file"),
    Index("ix_image_reference", "host", "reference"),
    comment="An image contenant built or loaded. A build that failed has events, but no row.",
)

policy = Table(
    "policy",
    metadata,
    _host(),
    _text("hash", "SHA-256 of the canonical rules"),
    _later("parent", "hash of the policy it was made from"),
    _text("rules", "canonical text of the rules"),
    _text("mode", "block, audit or off"),
    _later("reason", "why, in the author's words"),
    _later("author", "who made it"),
    _later("expires", "when it ends; empty: never"),
    _text("created", "when it was first stored"),
    PrimaryKeyConstraint("host", "hash"),
    comment="An effective egress policy, stored once under the hash of its content.",
)

rule = Table(
    "rule",
    metadata,
    _id("id"),
    _host(),
    _text("project_id", "the project whose policy it is a part of", ForeignKey("project.id")),
    _text("kind", "allow, deny, preset or mode"),
    _text("text", "an entry of the policy, the name of a preset, or a mode"),
    _text("reason", "why, in the author's words"),
    _text("author", "who gave it"),
    _text("added", "when it was given"),
    _later("until", "when it ends by itself; empty: never"),
    _later("removed", "when it stopped counting"),
    _later("removed_why", "why: taken back, replaced, ended, refused by a container"),
    Index("ix_rule_project_id", "project_id", **only_where("removed = ''")),
    comment="What a user said by command about a project's policy; its strongest layer.",
)

session = Table(
    "session",
    metadata,
    _id("id"),
    _host(),
    _text("project_id", "the container's project", ForeignKey("project.id")),
    _text("container_id", "the container it runs in", ForeignKey("container.id")),
    _text("kind", "agent or command"),
    _text("image", "reference of the container's image"),
    _later("policy", "hash of the policy in force at its start"),
    _later("credential", "fingerprint of the credential it was given"),
    _text("argv", "the command, JSON list"),
    _flag("tty", "whether it has a terminal"),
    _flag("detachable", "whether it outlives its terminal"),
    _number("pid", "process id of the contenant attached to it; 0: detached"),
    _text("pid_start", "start time of that process as the system counts it; tells reused ids apart"),
    _text("boot_id", "boot in which that process ran; tells reboots apart"),
    _text("started", "when it started"),
    _later("ended", "when it ended"),
    Column("exit_code", Integer, comment="exit code of the command; null: not known"),
    _later("how", "how it ended: exited, signalled, lost, stopped, failed or detached-exit"),
    Index("ix_session_live", "host", "container_id", **only_where("ended = ''")),
    Index("ix_session_container_id", "container_id"),
    Index("ix_session_project_id", "host", "project_id", "started", "id"),
    Index("ix_session_started", "host", "started", "id"),
    *(Index(f"ix_session_{of}", "host", of, "started", "id") for of in ("image", "policy", "credential")),
    Index("ix_session_failed", "host", "exit_code", "started", "id", **only_where("exit_code <> 0")),
    comment="One process started for the user in a container.",
)

egress = Table(
    "egress",
    metadata,
    _id("id"),
    _host(),
    _text("container_id", "the container it came from", ForeignKey("container.id")),
    _later("session_id", "the session it came from, where that is known"),
    _later("policy", "hash of the policy that decided"),
    _text("layer", "dns (a name was asked for), tls, http, tcp (a port of its own) or l3 (a packet)"),
    _text("verdict", "allow, deny, would-deny (audit) or steered (an address was dialled, its name decided)"),
    _text("destination", "host name; empty: an address was used; `…`: what was too much to keep one by one"),
    _later("address", "address it went to or was meant for, where that is known"),
    _number("port", "port"),
    _later("protocol", "tcp or udp"),
    _number("uid", "user id of the process in the container; -1: not known"),
    _text("first_seen", "first attempt"),
    _text("last_seen", "last attempt"),
    _number("attempts", "how often"),
    _count("sent", "bytes from the container"),
    _count("received", "bytes to it"),
    UniqueConstraint(
        *[
            "container_id",
            "session_id",
            "policy",
            "layer",
            "verdict",
            "destination",
            "address",
            "port",
            "uid",
        ],
        name="uq_egress_attempt",
    ),
    Index("ix_egress_destination", "host", "destination", "last_seen"),
    Index("ix_egress_last_seen", "host", "last_seen", "id"),
    comment="Decisions of the containers' firewalls, equal ones counted in one row.",
)

credential = Table(
    "credential",
    metadata,
    _host(),
    _text("fingerprint", "what tells it from others; never the value or a part of it"),
    _text("source", "where it was taken from"),
    _text("kind", "oauth or api-key"),
    _later("expires", "when it ends"),
    _text("first_seen", "when a session was first given it"),
    _later("forgotten", "when `auth logout` forgot it"),
    PrimaryKeyConstraint("host", "fingerprint"),
    comment="A credential that sessions were given.",
)

trust = Table(
    "trust",
    metadata,
    _host(),
    _text("path", "the project's configuration file; not valid UTF-8: `%:` and the percent-encoded bytes"),
    _later("sha256", "of the bytes that are trusted; empty: none any more"),
    _text("changed", "when that was said"),
    PrimaryKeyConstraint("host", "path"),
    comment="A project's configuration file that may have its way, as long as it keeps these bytes.",
)

# No foreign keys: what an event tells of must never be able to take the event with it.
event = Table(
    "event",
    metadata,
    _text("host", "the machine it happened on"),
    _number("seq", "its number on that machine, from 1 without a gap"),
    _text("at", "when"),
    _text("topic", "the kind up to the dot: project, container, session, image, policy, engine …"),
    _text("kind", "what happened, such as container.created"),
    _text("subject", "id of what it is about"),
    _later("project_id", "the project it concerns, empty where it concerns none"),
    _text("data", "canonical JSON"),
    _text("previous", "hash of the event before it; 64 zeros for the first"),
    _text("hash", "SHA-256 over `previous` and every field but `topic`, which `kind` already holds"),
    PrimaryKeyConstraint("host", "seq"),
    CheckConstraint("substr(kind, 1, length(topic) + 1) = topic || '.'", name="topic"),
    Index("ix_event_at", "host", "at", "seq"),
    *(Index(f"ix_event_{of}", "host", of, "at", "seq") for of in ("project_id", "topic")),
    Index("ix_event_timeline", "host", "at", "seq", **only_where(TIMELINE)),
    Index("ix_event_policy", "host", "subject", "seq", **only_where("kind = 'container.policy'")),
    comment="The audit log: append-only (triggers) and hash-chained per host.",
)

setting = Table(
    "setting",
    metadata,
    _host(),
    _text("engine", "the engine it is about"),
    _text("key", "what"),
    _text("value", "its value"),
    _text("changed", "when it was written"),
    PrimaryKeyConstraint("host", "engine", "key"),
    comment="A fact about an engine that is worth keeping, such as the OCI runtime that works.",
)
