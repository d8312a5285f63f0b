"""Each source, their order, and what happens when one cannot be used."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from contenant.credentials import keep, sources
from contenant.credentials.values import CredentialError, fingerprint

from .conftest import ACCESS, API_KEY, NOW, REFRESH, SETUP, Machine, claude_json


def test_this_host(machine: Machine) -> None:
    host = sources.this_host({"A": "1"})
    assert (host.env, host.home, host.platform) == ({"A": "1"}, str(machine.home), sys.platform)
    assert host.user


def test_signed_in_nowhere(machine: Machine) -> None:
    assert sources.find(machine.host, {}, NOW) is None
    assert sources.find(machine.mac(), {}, NOW) is None


def test_the_order(machine: Machine) -> None:
    """Each source in turn is the first; taken away, the next one is found."""
    machine.set_keychain("ok", me=claude_json())
    machine.write_claude_file(claude_json(accessToken="sk-ant-oat01-from-the-file-000"))
    keep.store(SETUP, NOW)
    host = machine.mac(CLAUDE_CODE_OAUTH_TOKEN="sk-ant-oat01-from-the-environment")
    given = {"ANTHROPIC_API_KEY": API_KEY}

    def source() -> str:
        found = sources.find(host, given, NOW)
        assert found is not None
        return found.source

    seen = [source()]
    given = {}
    seen.append(source())
    host = machine.mac()
    seen.append(source())
    keep.forget()
    seen.append(source())
    machine.set_keychain("ok")
    seen.append(source())
    assert seen == ["flag", "environment", "file", "keychain", "claude-file"]


@pytest.mark.parametrize(
    ("env", "kind", "where"),
    [
        (
            {"CLAUDE_CODE_OAUTH_TOKEN": SETUP, "ANTHROPIC_API_KEY": API_KEY},
            "oauth",
            "CLAUDE_CODE_OAUTH_TOKEN",
        ),
        (
            {"ANTHROPIC_API_KEY": API_KEY, "ANTHROPIC_AUTH_TOKEN": "gateway-123"},
            "api-key",
            "ANTHROPIC_API_KEY",
        ),
        ({"ANTHROPIC_AUTH_TOKEN": " gateway-123\n"}, "auth-token", "ANTHROPIC_AUTH_TOKEN"),
        ({"CLAUDE_CODE_OAUTH_TOKEN": "", "ANTHROPIC_API_KEY": API_KEY}, "api-key", "ANTHROPIC_API_KEY"),
    ],
)
def test_variables(machine: Machine, env: dict[str, str], kind: str, where: str) -> None:
    found = sources.find(machine.host._replace(env=env), {}, NOW)
    assert found is not None
    assert (found.kind, found.where, found.source) == (kind, where, "environment")
    assert found.fingerprint == fingerprint(env[where].strip())


def test_a_variable_with_two_words_is_refused_and_not_shown(machine: Machine) -> None:
    with pytest.raises(CredentialError) as caught:
        sources.find(machine.host, {"ANTHROPIC_API_KEY": "secret words"}, NOW)
    assert "secret words" not in caught.value.message + caught.value.hint


def test_the_claude_file(machine: Machine) -> None:
    path = machine.write_claude_file(claude_json())
    before = path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_mode
    found = sources.find(machine.host, {}, NOW)
    assert found is not None
    assert (found.source, found.where, found.secret.reveal()) == ("claude-file", str(path), ACCESS)
    assert (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_mode) == before


def test_the_claude_file_in_another_directory(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / ".credentials.json").write_text(claude_json())
    host = machine.host._replace(env={"CLAUDE_CONFIG_DIR": str(tmp_path / "elsewhere")})
    assert sources.find(host, {}, NOW) is not None


def test_an_expired_one_is_refused_with_the_remedy(machine: Machine) -> None:
    machine.write_claude_file(claude_json(-timedelta(minutes=1)))
    with pytest.raises(CredentialError) as caught:
        sources.find(machine.host, {}, NOW)
    assert "expired at 2026-05-04T11:59:00" in caught.value.message
    assert "contenant auth login" in caught.value.hint


@pytest.mark.parametrize("make", ["fifo", "directory", "giant", "junk"])
def test_a_claude_file_that_is_none(machine: Machine, make: str) -> None:
    path = machine.write_claude_file("junk")
    if make != "junk":
        path.unlink()
    if make == "fifo":
        os.mkfifo(path)
    if make == "directory":
        path.mkdir()
    if make == "giant":
        path.write_bytes(b"x" * (2 << 20))
    with pytest.raises(CredentialError) as caught:
        sources.find(machine.host, {}, NOW)
    assert str(path) in caught.value.message


def test_the_keychain(machine: Machine) -> None:
    machine.set_keychain("ok", me=claude_json())
    found = sources.find(machine.mac(), {}, NOW)
    assert found is not None
    assert (found.source, found.secret.reveal()) == ("keychain", ACCESS)
    (line,) = machine.log.read_text().splitlines()
    assert ACCESS not in line and REFRESH not in line
    assert json.loads(line)["argv"] == [
        "find-generic-password", "-s", "Claude Code-credentials", "-a", "me", "-w",
    ]  # fmt: skip


def test_the_keychain_is_macs_alone(machine: Machine) -> None:
    machine.set_keychain("ok", me=claude_json())
    assert sources.find(machine.host, {}, NOW) is None
    assert not machine.log.exists()


def test_a_keychain_item_with_more_than_ascii(machine: Machine) -> None:
    machine.set_keychain("ok", me=claude_json().replace("mcp-secret", "é"))
    assert sources.find(machine.mac(), {}, NOW) is not None
    text = json.dumps({"claudeAiOauth": {"accessToken": ACCESS}, "né": 1}, ensure_ascii=False)
    machine.set_keychain("ok", me=text)
    found = sources.find(machine.mac(), {}, NOW)
    assert found is not None
    assert found.secret.reveal() == ACCESS


@pytest.mark.parametrize(
    ("mode", "words"), [("locked", "not allowed"), ("denied", "passphrase is not correct")]
)
def test_a_keychain_that_refuses(machine: Machine, mode: str, words: str) -> None:
    machine.set_keychain(mode, me=claude_json())
    with pytest.raises(CredentialError) as caught:
        sources.find(machine.mac(), {}, NOW)
    assert words in caught.value.message
    assert "unlock" in caught.value.hint


def test_a_keychain_that_hangs(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "_KEYCHAIN_TIMEOUT", 0.3)
    machine.set_keychain("hang")
    with pytest.raises(CredentialError, match="no answer"):
        sources.find(machine.mac(), {}, NOW)


def test_a_mac_without_security(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert sources.find(machine.mac(), {}, NOW) is None


@pytest.mark.parametrize(
    ("env", "service"),
    [
        ({}, "Claude Code-credentials"),
        ({"CLAUDE_CONFIG_DIR": ""}, "Claude Code-credentials"),
        ({"CLAUDE_CONFIG_DIR": "/x"}, "Claude Code-credentials-b3d1db31"),
        ({"CLAUDE_CONFIG_DIR": "/x", "CLAUDE_SECURESTORAGE_CONFIG_DIR": ""}, "Claude Code-credentials"),
        (
            {"CLAUDE_CONFIG_DIR": "/y", "CLAUDE_SECURESTORAGE_CONFIG_DIR": "/x"},
            "Claude Code-credentials-b3d1db31",
        ),
    ],
)
def test_the_keychain_service(env: dict[str, str], service: str) -> None:
    assert sources.keychain_service(env) == service


def test_the_keychain_service_is_the_same_for_both_forms_of_a_name() -> None:
    composed, decomposed = {"CLAUDE_CONFIG_DIR": "/\u00e9"}, {"CLAUDE_CONFIG_DIR": "/e\u0301"}
    assert sources.keychain_service(composed) == sources.keychain_service(decomposed)


def test_the_keychain_account(machine: Machine) -> None:
    assert sources.keychain_account(machine.host) == "me"
    assert sources.keychain_account(machine.host._replace(env={"USER": "me & you"})) == "claude-code-user"
    assert sources.keychain_account(machine.host._replace(env={}, user="other")) == "other"


def test_the_survey_tells_everything_and_raises_nothing(machine: Machine) -> None:
    machine.set_keychain("locked")
    machine.write_claude_file(claude_json(-timedelta(hours=1)))
    keep.store(SETUP, NOW)
    (machine.home.parent / "contenant/state/credentials/token").chmod(0o644)
    findings = sources.survey(machine.mac(ANTHROPIC_API_KEY=API_KEY), {}, NOW)
    assert [(row.source, row.found is not None, row.expired, bool(row.trouble)) for row in findings] == [
        ("flag", False, False, False),
        ("environment", True, False, False),
        ("file", False, False, True),
        ("keychain", False, False, True),
        ("claude-file", True, True, False),
    ]
    assert not {API_KEY, ACCESS, REFRESH, SETUP} & set(repr(findings).split("'"))


def test_the_survey_of_a_damaged_note(machine: Machine) -> None:
    keep.store(SETUP, NOW)
    (machine.home.parent / "contenant/state/credentials/place.json").write_text("{")
    findings = sources.survey(machine.host, {}, NOW)
    assert [row.source for row in findings if row.trouble] == ["file"]
    with pytest.raises(CredentialError, match="damaged"):
        sources.find(machine.host, {}, NOW)


def test_a_search_that_ends_early_asks_nobody_else(
    machine: Machine, use_keyring: Callable[[str], Path]
) -> None:
    machine.set_keychain("ok", me=claude_json())
    sources.find(machine.mac(CLAUDE_CODE_OAUTH_TOKEN=SETUP), {}, NOW)
    assert not machine.log.exists()


def test_nothing_stored_means_no_keyring_import(machine: Machine) -> None:
    code = (
        "import sys; from datetime import UTC, datetime\n"
        "from contenant.credentials.sources import Host, find\n"
        f"find(Host({{}}, {str(machine.home)!r}, 'linux', 'me'), {{}}, datetime.now(UTC))\n"
        "print('keyring' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "False"
