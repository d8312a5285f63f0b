"""The tables of what the agent used, as `contenant.store.schema` has the others."""

from __future__ import annotations

from sqlalchemy import Column, Float, ForeignKey, Index, PrimaryKeyConstraint, Table

from contenant.store.schema_columns import count, host_column, later, metadata, number, text

usage = Table(
    "usage",
    metadata,
    host_column(),
    text("message_id", "id of the message in the agent's transcript"),
    later("request_id", "id of the request that answered it"),
    text("project_id", "the project", ForeignKey("project.id")),
    later("session_id", "the session, where that is known"),
    text("model", "model that answered"),
    text("at", "when"),
    count("input_tokens", "tokens read, cached ones not counted"),
    count("output_tokens", "tokens written"),
    count("cache_read_tokens", "tokens read from the cache"),
    count("cache_write_5m_tokens", "tokens written to the five-minute cache"),
    count("cache_write_1h_tokens", "tokens written to the one-hour cache"),
    Column("cost", Float, comment="estimate in US dollars when it was taken over; null: no price known"),
    later("conversation", "the agent's own id of the session that wrote it"),
    later("image", "image of the container, where that is known"),
    PrimaryKeyConstraint("host", "message_id", "request_id"),
    Index("ix_usage_project_id_at", "project_id", "at"),
    Index("ix_usage_at", "host", "at"),
    comment="Tokens used by one answer of the model, read from the agent's transcripts.",
)

transcript = Table(
    "transcript",
    metadata,
    host_column(),
    text("home", "name of the container whose agent wrote it"),
    text("path", "below the agent's `projects`; not valid UTF-8: `%:` and the percent-encoded bytes"),
    text("project_id", "the project", ForeignKey("project.id")),
    number("inode", "which file it was: another one is read from its start"),
    number("position", "bytes that were read"),
    text("seen", "when it was last read"),
    PrimaryKeyConstraint("host", "home", "path"),
    comment="A transcript of the agent, and how far its usage was taken over.",
)
