"""`contenant auth`: where a credential comes from, keeping contenant's own, and who holds one now."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from contenant import config, home, host
from contenant.app import configuration
from contenant.app.inventory import look_around
from contenant.app.ledger import Ledger
from contenant.app.project import identify
from contenant.core import changes
from contenant.core.records import SessionRecord
from contenant.core.settings import Settings
from contenant.credentials import keep
from contenant.credentials.deliver import split_env
from contenant.credentials.sources import Finding, survey, this_host
from contenant.credentials.values import Credential, warning
from contenant.errors import EngineUnavailableError
from contenant.paths import home_dir


class Holder(NamedTuple):
    """A live session that was given a credential."""

    session: str  # id
    container: str  # name
    project: str  # path
    started: str


class Row(NamedTuple):
    """One source, or a credential that live sessions hold and no source has."""

    source: str  # flag, login, environment, keyring, file, store, keychain, claude-file or session
    where: str  # for people: the variable, the file, the keychain item
    kind: str  # oauth, api-key or auth-token; "" where nothing was found
    fingerprint: str
    expires: str  # ISO-8601 UTC, "" where it is not known
    next: bool  # a session that starts here now is given this one, or refused for its trouble
    trouble: str  # "" where there is none
    sessions: tuple[Holder, ...]


def status(path: Path, variant: str = "") -> list[Row]:
    """Every source in order as a session in the project at `path` would find it, then what else is held.

    `variant`: in which of its containers, whose agent may be signed in by itself. Raises ConfigError where a
    configuration file is wrong.
    """
    canonical, name = identify(path, variant)
    with Ledger(config.database_url(os.environ)) as ledger:
        settings = configuration.load(ledger, canonical, {})
        given, _ = split_env(config.caller_env(settings, os.environ))
        held = _held(ledger, settings)
        sources = _sources(given, name)
        known = {row.fingerprint for row in sources}
        rest = [_elsewhere(ledger, mark) for mark in held if mark not in known]
    return [row._replace(sessions=tuple(held.get(row.fingerprint, ()))) for row in (*sources, *rest)]


def _sources(given: Mapping[str, str], name: str) -> list[Row]:
    """In the order in which a session looks at them (app.outfit): a login inside comes after --env alone."""
    findings = survey(this_host(os.environ), given, host.now())
    rows = [_row(finding) for finding in findings]
    if home.signed_in(home_dir(name)):
        place = str(home_dir(name) / "agent")
        rows.insert(1, Row("login", place, "oauth", "", "", False, "", ()))
    if not any(row.source in ("keyring", "file") for row in rows):
        after = [row.source for row in rows].index("environment") + 1
        rows.insert(after, Row("store", "", "", "", "", False, "", ()))
    first = next((at for at, row in enumerate(rows) if row.kind or row.trouble), -1)
    return [row._replace(next=at == first) for at, row in enumerate(rows)]


def _row(finding: Finding) -> Row:
    found = finding.found
    if found is None:
        return Row(finding.source, "", "", "", "", False, finding.trouble, ())
    trouble = finding.trouble or (f"expired at {found.expires}" if finding.expired else _soon(found))
    return Row(finding.source, found.where, found.kind, found.fingerprint, found.expires, False, trouble, ())


def _soon(found: Credential) -> str:
    return "ends within 30 minutes" if warning(found, host.now()) else ""


def _elsewhere(ledger: Ledger, fingerprint: str) -> Row:
    """A credential that only sessions have by now: it was renewed, forgotten, or given by --env."""
    view = ledger.snapshot()
    source, kind, expires = (view.credential_source(fingerprint) if view else None) or ("", "", "")
    where = f"was given from: {source}" if source else ""
    return Row("session", where, kind, fingerprint, expires, False, "", ())


def _held(ledger: Ledger, settings: Settings) -> dict[str, list[Holder]]:
    """Fingerprint -> the live sessions that were given it. Engines are asked only where there are any."""
    if not _with_credential(ledger):
        return {}
    with suppress(EngineUnavailableError):  # then what is on record counts
        look_around(ledger, settings.engine)  # a session may have ended while nobody watched
    held: dict[str, list[Holder]] = {}
    names = _names(ledger)
    for session in _with_credential(ledger):
        name, project = names.get(session.container_id, ("", ""))
        held.setdefault(session.credential, []).append(Holder(session.id, name, project, session.started))
    return held


def _with_credential(ledger: Ledger) -> list[SessionRecord]:
    view = ledger.snapshot()
    return [session for session in view.live_sessions() if session.credential] if view else []


def _names(ledger: Ledger) -> dict[str, tuple[str, str]]:
    view = ledger.snapshot()
    containers = view.containers(gone=None) if view else []
    return {c.id: (c.name, ledger.project_path(c.project_id)) for c in containers}


class Stored(NamedTuple):
    """What `login` did."""

    kept: keep.Kept
    where: str  # for people
    no_keyring: str  # why it is not in the system's keyring, "" where it is
    first: str  # a source that comes before contenant's own and has a credential, "" where none has


def login(text: str) -> Stored:
    """Keep a pasted token as contenant's own and record that, without it.

    Raises UsageError for what is no token, StateError where it cannot be kept.
    """
    url = config.database_url(os.environ)  # what is wrong with the configuration comes out first
    kept, why = keep.store(text, host.now())
    with Ledger(url) as ledger:
        change = changes.credential_stored(kept.fingerprint, kept.place, kept.kind, kept.expires)
        ledger.store().apply([change])
    found = survey(this_host(os.environ), {}, host.now())
    where = {finding.source: finding.found.where for finding in found if finding.found}
    return Stored(kept, where.get(kept.place, kept.place), why, where.get("environment", ""))


def logout() -> tuple[keep.Kept | None, Sequence[Holder]]:
    """Forget contenant's own credential; returns what it was, None where there was none, and who holds it.

    Raises CredentialError where the keyring does not let go of it.
    """
    settings = config.load(None, os.environ, {})
    kept = keep.forget()
    if kept is None:
        return None, ()
    with Ledger(settings.database_url) as ledger:
        holders = _held(ledger, settings).get(kept.fingerprint, [])
        ledger.store().apply([changes.credential_forgotten(kept.fingerprint, _ids(holders))])
    return kept, tuple(holders)


def _ids(holders: Iterable[Holder]) -> list[str]:
    return [holder.session for holder in holders]
