"""The ground: every table, and the audit log made append-only."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from contenant.store.dialect import append_only, only_where

revision = "0001"
down_revision = None


def upgrade() -> None:
    _hosts()
    _projects()
    _containers()
    _images()
    _rules()
    _sessions()
    _egress()
    _usage()
    _credentials()
    _events()


def _text(name: str, **more: Any) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=False, **more)


def _later(name: str, default: str = "") -> sa.Column[str]:
    return _text(name, server_default=default)


def _number(name: str, **more: Any) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=False, **more)


def _refers(table: str, columns: list[str], to: list[str]) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(columns, to, name=f"fk_{table}_{'_'.join(columns)}")


def _host(table: str) -> sa.ForeignKeyConstraint:
    return _refers(table, ["host"], ["host.id"])


def _key(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*columns, name=f"pk_{table}")


def _hosts() -> None:
    op.create_table("host", _text("id"), _text("name"), _text("created"), _key("host", "id"))
    op.create_table(
        "engine",
        _text("host"),
        _text("kind"),
        _text("identity"),
        _later("version"),
        _text("first_seen"),
        _key("engine", "host", "kind", "identity"),
        _host("engine"),
    )
    op.create_table(
        "setting",
        _text("host"),
        _text("engine"),
        _text("key"),
        _text("value"),
        _text("changed"),
        _key("setting", "host", "engine", "key"),
        _host("setting"),
    )


def _projects() -> None:
    op.create_table(
        "project",
        _text("id"),
        _text("host"),
        _text("path"),
        _text("name"),
        _text("created"),
        _text("last_used"),
        _later("forgotten"),
        _key("project", "id"),
        _host("project"),
    )
    op.create_index(
        "uq_project_path", "project", ["host", "path"], unique=True, **only_where("forgotten = ''")
    )


def _containers() -> None:
    op.create_table(
        "container",
        _text("id"),
        _text("host"),
        _text("project_id"),
        _text("engine"),
        _text("engine_identity"),
        _later("engine_version"),
        _text("name"),
        _later("engine_id"),
        _text("image"),
        _later("policy"),
        _text("spec_hash"),
        _text("state"),
        _text("created"),
        _text("last_seen"),
        _text("last_used"),
        _later("gone"),
        _later("gone_why"),
        _later("spec", "{}"),
        _later("flags", "{}"),
        _later("collected"),
        _key("container", "id"),
        _host("container"),
        _refers("container", ["project_id"], ["project.id"]),
        _refers(
            "container",
            ["host", "engine", "engine_identity"],
            ["engine.host", "engine.kind", "engine.identity"],
        ),
    )
    there = only_where("gone = ''")
    named = ["host", "engine", "engine_identity", "name"]
    op.create_index("uq_container_name", "container", named, unique=True, **there)
    op.create_index("ix_container_project_id", "container", ["project_id"])


def _images() -> None:
    op.create_table(
        "image",
        _text("id"),
        _text("host"),
        _text("recipe"),
        _text("layer"),
        _text("parent"),
        _text("reference"),
        _text("digest"),
        _text("claude_version"),
        _text("base_origin"),
        _text("base_digest"),
        _text("build_args"),
        _text("built"),
        sa.Column("seconds", sa.Float(), nullable=False),
        _number("size"),
        _later("removed"),
        _later("removed_why"),
        _key("image", "id"),
        _host("image"),
    )
    op.create_index("ix_image_reference", "image", ["host", "reference"])
    op.create_table(
        "policy",
        _text("host"),
        _text("hash"),
        _later("parent"),
        _text("rules"),
        _text("mode"),
        _later("reason"),
        _later("author"),
        _later("expires"),
        _text("created"),
        _key("policy", "host", "hash"),
        _host("policy"),
    )


def _rules() -> None:
    op.create_table(
        "rule",
        _text("id"),
        _text("host"),
        _text("project_id"),
        _text("kind"),
        _text("text"),
        _text("reason"),
        _text("author"),
        _text("added"),
        _later("until"),
        _later("removed"),
        _later("removed_why"),
        _key("rule", "id"),
        _host("rule"),
        _refers("rule", ["project_id"], ["project.id"]),
    )
    op.create_index("ix_rule_project_id", "rule", ["project_id"], **only_where("removed = ''"))


def _sessions() -> None:
    op.create_table(
        "session",
        _text("id"),
        _text("host"),
        _text("project_id"),
        _text("container_id"),
        _text("kind"),
        _text("image"),
        _later("policy"),
        _later("credential"),
        _text("argv"),
        sa.Column("tty", sa.Boolean(), nullable=False),
        sa.Column("detachable", sa.Boolean(), nullable=False),
        _number("pid"),
        _text("pid_start"),
        _text("boot_id"),
        _text("started"),
        _later("ended"),
        sa.Column("exit_code", sa.Integer(), nullable=True),
        _later("how"),
        _key("session", "id"),
        _host("session"),
        _refers("session", ["project_id"], ["project.id"]),
        _refers("session", ["container_id"], ["container.id"]),
    )
    op.create_index("ix_session_live", "session", ["host", "container_id"], **only_where("ended = ''"))
    op.create_index("ix_session_container_id", "session", ["container_id"])
    op.create_index("ix_session_project_id", "session", ["host", "project_id", "started", "id"])
    op.create_index("ix_session_started", "session", ["host", "started", "id"])


def _egress() -> None:
    decided = ["policy", "layer", "verdict", "destination", "address", "port", "uid"]
    attempt = ["container_id", "session_id", *decided]
    op.create_table(
        "egress",
        _text("id"),
        _text("host"),
        _text("container_id"),
        _later("session_id"),
        _later("policy"),
        _text("layer"),
        _text("verdict"),
        _text("destination"),
        _later("address"),
        _number("port"),
        _later("protocol"),
        _number("uid"),
        _text("first_seen"),
        _text("last_seen"),
        _number("attempts"),
        _number("sent", server_default="0"),
        _number("received", server_default="0"),
        _key("egress", "id"),
        _host("egress"),
        _refers("egress", ["container_id"], ["container.id"]),
        sa.UniqueConstraint(*attempt, name="uq_egress_attempt"),
    )
    op.create_index("ix_egress_destination", "egress", ["host", "destination", "last_seen"])


def _usage() -> None:
    tokens = ("input", "output", "cache_read", "cache_write_5m", "cache_write_1h")
    op.create_table(
        "usage",
        _text("host"),
        _text("message_id"),
        _later("request_id"),
        _text("project_id"),
        _later("session_id"),
        _text("model"),
        _text("at"),
        *(_number(f"{kind}_tokens", server_default="0") for kind in tokens),
        sa.Column("cost", sa.Float(), nullable=True),
        _key("usage", "host", "message_id", "request_id"),
        _host("usage"),
        _refers("usage", ["project_id"], ["project.id"]),
    )
    op.create_index("ix_usage_project_id_at", "usage", ["project_id", "at"])


def _credentials() -> None:
    op.create_table(
        "credential",
        _text("host"),
        _text("fingerprint"),
        _text("source"),
        _text("kind"),
        _later("expires"),
        _text("first_seen"),
        _later("forgotten"),
        _key("credential", "host", "fingerprint"),
        _host("credential"),
    )
    op.create_table(
        "trust",
        _text("host"),
        _text("path"),
        _later("sha256"),
        _text("changed"),
        _key("trust", "host", "path"),
        _host("trust"),
    )


def _events() -> None:
    op.create_table(
        "event",
        _text("host"),
        _number("seq"),
        _text("at"),
        _text("topic"),
        _text("kind"),
        _text("subject"),
        _later("project_id"),
        _text("data"),
        _text("previous"),
        _text("hash"),
        _key("event", "host", "seq"),
        # op.f: the name as it stands, not to be put through the naming convention again
        sa.CheckConstraint("substr(kind, 1, length(topic) + 1) = topic || '.'", name=op.f("ck_event_topic")),
    )
    op.create_index("ix_event_at", "event", ["host", "at", "seq"])
    op.create_index("ix_event_project_id", "event", ["host", "project_id", "at", "seq"])
    op.create_index("ix_event_topic", "event", ["host", "topic", "at", "seq"])
    for statement in append_only(op.get_context().dialect.name):
        op.execute(statement)
