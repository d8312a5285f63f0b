"""What contenant itself has: image, containers, firewalls, a credential, the records. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from contenant.app.doctor import remedies
from contenant.app.doctor.facts import CredentialFacts, DatabaseFacts, EngineFacts, Facts
from contenant.app.doctor.line import Line


def check(facts: Facts) -> Iterator[Line]:
    """Images, containers behind, firewalls, credential, database."""
    for engine in facts.engines:
        if engine.wanted and not engine.trouble:
            yield image(engine, facts.image, facts.program.image_trouble)
    yield behind(facts)
    yield from firewalls(facts)
    yield credential(facts.credentials)
    yield from database(facts.database)


def image(engine: EngineFacts, reference: str, trouble: str) -> Line:
    """Whether the image that new containers are made from is built."""
    name, what = f"image.{engine.name}", f"{engine.name}: image"
    if trouble:
        return Line(name, "fail", what, f"which one is current cannot be told: {trouble}")
    if not reference:
        return Line(name, "ok", what, "not looked for: the configuration cannot be read")
    if engine.image is None:
        return Line(name, "warn", what, f"whether {reference} is built is not known", "contenant image list")
    if engine.image:
        return Line(name, "ok", what, f"{reference} is built")
    fix = f"contenant image build --engine {engine.name}"
    return Line(name, "warn", what, f"{reference} is not built yet; the first run would do it", fix)


def behind(facts: Facts) -> Line:
    """Containers of an older image."""
    name, what = "containers", "containers"
    total = sum(len(engine.containers) for engine in facts.engines)
    if not facts.outdated:
        return Line(name, "ok", what, f"{total}, none behind the image" if total else "none")
    count = len(facts.outdated)
    detail = f"{count} {'is' if count == 1 else 'are'} of an older image"
    return Line(name, "warn", what, detail, remedies.recreate(facts.outdated, facts.machine.home))


def firewalls(facts: Facts) -> Iterator[Line]:
    """The self-test of each container that runs; a word on those whose firewall is not closed."""
    tested = [(e, c) for e in facts.engines for c in e.containers if c.test_code >= 0]
    running = [c for e in facts.engines for c in e.containers if c.state == "running"]
    if not running:
        note = "no container runs, so there is nothing to test; `contenant doctor` beside a session does it"
        yield Line("firewall", "ok", "firewall", note)
    elif not tested:
        yield Line("firewall", "warn", "firewall", "not tested in time", "contenant doctor")
    for _, item in tested:
        name, what = f"firewall.{item.name}", f"firewall of {item.name}"
        if item.test_code == 0:
            yield Line(name, "ok", what, "self-test passed")
            continue
        fix = remedies.recreate([item.project], facts.machine.home)
        yield Line(name, "fail", what, f"self-test failed: {item.test_said}", fix)
    for container, mode in facts.open_firewalls:
        detail = {"off": "off: everything gets out", "audit": "audit: names are let out and recorded"}
        yield Line(f"mode.{container}", "warn", f"firewall of {container}", detail.get(mode, mode))


def credential(found: tuple[CredentialFacts, ...] | None) -> Line:
    """The credential that a session would get: the first source that has one. Never its value."""
    name, what = "credential", "credential"
    if found is None:
        detail = "its source gave no answer in time; a keychain or keyring may be waiting for you"
        return Line(name, "warn", what, detail, "contenant auth status")
    if not found:
        fix = "contenant auth login, with the token of `claude setup-token`"
        return Line(name, "warn", what, "none; the agent will ask you to log in", fix)
    first = found[0]
    if first.trouble:
        return Line(name, "fail", what, first.trouble, "contenant auth login")
    text = f"{first.kind} from {first.where}"
    if not first.expires:
        return Line(name, "ok", what, f"{text}, no end known")
    if first.expired:
        return Line(name, "fail", what, f"{text} ended at {first.expires}", _renewal(first))
    if first.soon:
        return Line(name, "warn", what, f"{text} ends at {first.expires}", _renewal(first))
    return Line(name, "ok", what, f"{text}, good until {first.expires}")


def _renewal(found: CredentialFacts) -> str:
    if found.source in ("keychain", "claude-file"):
        return "claude -p hi, which renews it on the host, or contenant auth login for a token of one year"
    return "set another one" if found.source in ("flag", "environment") else "contenant auth login"


def database(known: DatabaseFacts | None) -> Iterator[Line]:
    """Opens, is whole, has our schema, and its audit chain holds."""
    if known is None:
        yield Line("database", "fail", "database", "gave no answer in time")
        return
    if known.trouble and not known.schema:
        yield Line("database", "fail", "database", known.trouble, known.hint)
        return
    if not known.there:
        yield Line("database", "ok", "database", f"{known.shown} is not there yet; the first run makes it")
        return
    yield _whole(known)
    yield _schema(known)
    if known.schema == known.head:
        yield _chain(known)
    if not known.server:
        yield _backups(known)


def _whole(known: DatabaseFacts) -> Line:
    if known.trouble or known.damage:
        return Line("database", "fail", "database", known.trouble or known.damage, known.hint)
    if known.server:
        return Line("database", "ok", "database", f"{known.shown} answers")
    checked = "whole" if known.checked else "opens; too large to be checked in time"
    return Line("database", "ok", "database", f"{known.shown}, {checked}")


def _schema(known: DatabaseFacts) -> Line:
    name, what = "database.schema", "database: schema"
    if known.schema == known.head:
        return Line(name, "ok", what, known.schema)
    text = f"{known.schema or 'none'}, this contenant knows {known.head}"
    if known.newer:
        return Line(name, "fail", what, text, "pip install --upgrade contenant")
    return Line(name, "warn", what, text, "contenant doctor --fix", "migrate")


def _chain(known: DatabaseFacts) -> Line:
    name, what = "database.audit", "database: audit chain"
    if known.fault:
        return Line(name, "fail", what, f"holds for {known.events} events, then {known.fault}")
    if known.events < 0:
        return Line(name, "warn", what, "was not looked at in time")
    if not known.verified:
        return Line(name, "ok", what, f"holds for the first {known.events} events; no time for the rest")
    return Line(name, "ok", what, f"{known.events} events, each follows from the one before")


def _backups(known: DatabaseFacts) -> Line:
    name, what = "database.backups", "database: backups"
    if not known.backups:
        return Line(name, "ok", what, "none; one is made before each change of the schema")
    return Line(name, "ok", what, f"{known.backups}, the newest {shlex.quote(known.newest_backup)}")
