"""Credentials, trust and what sessions left behind: their rows, their events, and how history shows them."""

from __future__ import annotations

import pytest

from contenant.core import changes
from contenant.store.store import Store
from tests.store.samples import container, kinds, made, session

FP, OTHER = "0123456789ab", "ffffffffffff"


@pytest.fixture
def ready(store: Store) -> Store:
    """One project with one container."""
    store.apply(made())
    return store


def test_a_credential_is_recorded_once(store: Store) -> None:
    used = changes.credential_used(FP, "keyring", "oauth", "2027-01-31T09:30:00.000Z")
    store.apply([used])
    store.apply([used, changes.credential_used(FP, "environment", "oauth", "")])
    assert store.credential_source(FP) == ("keyring", "oauth", "2027-01-31T09:30:00.000Z")
    assert kinds(store) == ["credential.used"]
    assert store.credential_source(OTHER) is None


def test_a_forgotten_credential_is_recorded_when_it_comes_back(store: Store) -> None:
    used = changes.credential_used(FP, "file", "api-key", "")
    store.apply([used, changes.credential_forgotten(FP, ["s1"]), used, used])
    assert kinds(store) == ["credential.used", "credential.forgotten", "credential.used"]
    store.apply([changes.credential_forgotten(FP, []), changes.credential_stored(FP, "file", "api-key", "")])
    store.apply([used])
    assert kinds(store)[3:] == ["credential.forgotten", "credential.stored"]


@pytest.mark.parametrize("path", ["/work/one/.contenant.toml", "/work/\udcff\n/.contenant.toml"])
def test_trust_is_in_one_content_of_one_file(store: Store, path: str) -> None:
    assert store.trusted_hash(path) == ""
    store.apply([changes.config_revoked(path)])
    store.apply([changes.config_trusted(path, "a" * 64, ["env A"])])
    store.apply([changes.config_trusted(path, "a" * 64, ["env A"])])
    assert store.trusted_hash(path) == "a" * 64
    assert store.trusted_hash("/work/two/.contenant.toml") == ""
    store.apply([changes.config_trusted(path, "b" * 64, [])])
    assert store.trusted_hash(path) == "b" * 64
    store.apply([changes.config_revoked(path), changes.config_revoked(path)])
    assert store.trusted_hash(path) == ""
    store.apply([changes.config_trusted(path, "b" * 64, [])])
    assert store.trusted_hash(path) == "b" * 64
    assert kinds(store) == ["config.trusted", "config.trusted", "config.revoked", "config.trusted"]


def test_history_by_credential(ready: Store) -> None:
    used = changes.credential_used(FP, "file", "oauth", "")
    mine, another = session("s1", credential=FP), session("s2", credential=OTHER)
    starts = [changes.session_starting(one, "p1") for one in (mine, another)]
    ready.apply([used, changes.credential_used(OTHER, "flag", "oauth", ""), *starts])
    found = list(ready.history(credential=FP))
    assert sorted((row.kind, row.subject) for row in found) == [("credential.used", FP), ("session", "s1")]
    assert [row.subject for row in ready.history(credential=FP, kinds=("session",))] == ["s1"]
    assert list(ready.history(credential="no-such-one")) == []


def test_what_a_session_left_is_history_of_its_container(ready: Store) -> None:
    finding = [".envrc", "appeared", "danger", "direnv runs it"]
    ready.apply([changes.session_starting(session(), "p1"), changes.session_ended("s1", "p1", "exited", 0)])
    ready.apply([changes.way_back("s1", "p1", {"findings": [finding] * 5})])
    first = next(ready.history())
    assert (first.kind, first.subject, first.container) == ("session.left", "s1", container().name)
    assert first.summary == "left behind: " + ".envrc appeared, " * 3 + "2 more"
    assert [row.kind for row in ready.history()].count("session") == 1
    assert not {"session.starting", "session.ended"} & {row.kind for row in ready.history()}
