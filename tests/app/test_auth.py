"""Where a credential comes from, who holds it, and what is recorded about it - never the secret itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from contenant.app import auth, outfit, session
from contenant.app.ledger import Ledger
from contenant.app.results import RunRequest
from contenant.app.run import run
from contenant.credentials.values import fingerprint
from contenant.errors import ContenantError, UsageError
from contenant.paths import home_dir
from tests.app.world import World

TOKEN = "sk-ant-oat01-planted-AAAABBBBCCCCDDDD"
OTHER = "sk-ant-oat01-another-EEEEFFFFGGGGHHHH"


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A world without a keyring, where a detached agent lives on until it is told otherwise."""
    monkeypatch.setattr("contenant.credentials.keep._backend", lambda: None)
    for name in ("CLAUDE_CONFIG_DIR", "ANTHROPIC_AUTH_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    made = World(monkeypatch)
    (made.home / "me").mkdir()
    monkeypatch.setenv("HOME", str(made.home / "me"))
    monkeypatch.setattr(session, "hand_over", lambda seat, sid: None)
    yield made
    made.close()


def agent(world: World, name: str = "shop", *env: str) -> None:
    """An agent that was left running, detached."""
    run(RunRequest(world.project(name), (), env=env, new=True, stdin_tty=True, stdout_tty=True), world.ui)


def by_source(world: World, name: str = "shop") -> dict[str, auth.Row]:
    return {row.source: row for row in auth.status(world.project(name))}


def everything(world: World) -> bytes:
    """Every byte of the installation but the credential's own file."""
    state = world.home / "state"
    found = [path for path in state.rglob("*") if path.is_file() and path.name != "token"]
    return b"".join(path.read_bytes() + str(path).encode() for path in found)


def test_signed_out(world: World) -> None:
    rows = auth.status(world.project("shop"))
    assert [row.source for row in rows] == ["flag", "environment", "store", "claude-file"]
    assert not any(row.next or row.kind or row.trouble for row in rows)


def test_login_status_logout(world: World) -> None:
    done = auth.login(f" {TOKEN[:20]}\n{TOKEN[20:]}\n")
    assert done.kept.fingerprint == fingerprint(TOKEN)
    assert (done.kept.kind, done.no_keyring, done.first) == ("oauth", "there is no keyring", "")
    row = by_source(world)["file"]
    assert (row.next, row.kind, row.fingerprint, row.trouble) == (True, "oauth", fingerprint(TOKEN), "")
    assert row.where == done.where
    assert Path(done.where).stat().st_mode & 0o777 == 0o600
    kept, holders = auth.logout()
    assert kept is not None
    assert (kept.fingerprint, holders) == (fingerprint(TOKEN), ())
    assert not Path(done.where).exists()
    assert auth.logout() == (None, ())
    assert [event.kind for event in world.events()] == ["credential.stored", "credential.forgotten"]
    assert TOKEN.encode() not in everything(world)


@pytest.mark.parametrize("text", ["", "nonsense", TOKEN.replace("oat", "ort"), "\0", "sk-ant-oat01"])
def test_what_is_no_token_is_not_kept(world: World, text: str) -> None:
    with pytest.raises(UsageError):
        auth.login(text)
    assert auth.logout() == (None, ())


def test_who_holds_a_credential(world: World) -> None:
    auth.login(TOKEN)
    agent(world, "shop")
    agent(world, "shop")
    agent(world, "blog")
    row = by_source(world)["file"]
    assert [(holder.project, holder.container[:14]) for holder in row.sessions] == [
        (str(world.project("shop")), "contenant-shop"),
        (str(world.project("shop")), "contenant-shop"),
        (str(world.project("blog")), "contenant-blog"),
    ]
    with Ledger() as ledger:
        assert {s.id for s in ledger.store().live_sessions()} == {one.session for one in row.sessions}
    kept, holders = auth.logout()
    assert kept is not None
    assert holders == row.sessions
    left = by_source(world)["session"]
    assert (left.fingerprint, left.sessions, left.next) == (fingerprint(TOKEN), row.sessions, False)
    assert left.where == "was given from: file"
    assert by_source(world)["store"].kind == ""


def test_sessions_that_ended_unseen_hold_nothing(world: World) -> None:
    auth.login(TOKEN)
    agent(world)
    world.engine.stop_all()
    assert by_source(world)["file"].sessions == ()


def test_a_credential_is_recorded_once_and_its_sessions_are_found(world: World) -> None:
    auth.login(TOKEN)
    agent(world)
    agent(world)
    agent(world, "shop", f"CLAUDE_CODE_OAUTH_TOKEN={OTHER}")
    used = [event for event in world.events() if event.kind == "credential.used"]
    assert [event.subject for event in used] == [fingerprint(TOKEN), fingerprint(OTHER)]
    first = json.loads(used[0].data)
    assert (first["source"], first["kind"]) == ("file", "oauth")
    assert first["expires"] > "2026"
    with Ledger() as ledger:
        rows = list(ledger.store().history(credential=fingerprint(OTHER)))
        assert sorted(row.kind for row in rows) == ["credential.used", "session"]
        assert [s.credential for s in ledger.store().live_sessions()].count(fingerprint(TOKEN)) == 2
    assert not {token for token in (TOKEN, OTHER) if token.encode() in everything(world)}


def test_a_command_is_given_nothing(world: World) -> None:
    auth.login(TOKEN)
    world.run("shop")
    with Ledger() as ledger:
        assert [s.credential for s in ledger.store().sessions()] == [""]


def test_an_expired_one_is_named_and_refused(world: World) -> None:
    claude = world.home / "me" / ".claude"
    claude.mkdir()
    oauth = {"accessToken": TOKEN, "refreshToken": TOKEN.replace("oat", "ort"), "expiresAt": 1000}
    (claude / ".credentials.json").write_text(json.dumps({"claudeAiOauth": oauth}))
    row = by_source(world)["claude-file"]
    assert (row.next, row.trouble) == (True, "expired at 1970-01-01T00:00:01.000Z")
    with pytest.raises(ContenantError, match="expired at 1970"):
        agent(world)
    auth.login(OTHER)
    assert [row.source for row in by_source(world).values() if row.next] == ["file"]


def test_a_configured_one_comes_first_and_a_login_inside_before_the_hosts(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-api03-environment")
    project = world.project("shop")
    auth.login(TOKEN)
    inside = home_dir(auth.identify(project)[1]) / "agent"
    inside.mkdir(parents=True)
    (inside / ".credentials.json").write_text('{"claudeAiOauth": {"accessToken": "x"}}')
    rows = auth.status(project)
    assert [row.source for row in rows] == ["flag", "login", "environment", "file", "claude-file"]
    assert [row.source for row in rows if row.next] == ["login"]
    dressed = outfit.dress(
        outfit.Project(str(project), auth.identify(project)[1], (0, 0)), (), {}, False, "2.1.330", world.ui
    )
    assert dressed.credential is None
    config = world.home / "state" / "config" / "config.toml"
    config.parent.mkdir()
    config.write_text('[env]\nCLAUDE_CODE_OAUTH_TOKEN = "sk-ant-oat01-configured"\n')
    assert [row.source for row in auth.status(project) if row.next] == ["flag"]


def test_another_ones_trouble_is_no_failure(world: World) -> None:
    auth.login(TOKEN)
    token = Path(by_source(world)["file"].where)
    token.chmod(0o644)
    row = by_source(world)["file"]
    assert row.next
    assert "open to others" in row.trouble
    assert row.kind == ""


def test_login_says_what_comes_before_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-api03-environment")
    assert auth.login(TOKEN).first == "ANTHROPIC_API_KEY"
