"""Where a credential comes from, first match wins: the command line, the environment, contenant's own store,
Claude Code's item in the macOS keychain, Claude Code's file. The last two are read, never written or mounted.
"""

import hashlib
import os
import pwd
import re
import sys
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from contenant import files, process
from contenant.credentials import keep
from contenant.credentials.values import (
    VARIABLES,
    Credential,
    CredentialError,
    SourceName,
    credential,
    from_claude,
    is_expired,
    refuse_expired,
)

_KEYCHAIN_TIMEOUT = 120.0  # seconds: macOS asks the user first
_NOT_FOUND = 44  # errSecItemNotFound, as `security` exits
_MAX_BYTES = 1024 * 1024


class Host(NamedTuple):
    """What the search depends on, so that it depends on nothing else."""

    env: Mapping[str, str]
    home: str  # absolute
    platform: str  # sys.platform
    user: str  # the account's name where $USER is not set


def this_host(env: Mapping[str, str]) -> Host:
    """The host we run on, with the given environment."""
    try:
        user = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a uid without an account
        user = ""
    return Host(env, str(Path.home()), sys.platform, user)


class Finding(NamedTuple):
    """One source for `contenant auth status`: what was found, or why nothing could be read."""

    source: SourceName
    found: Credential | None
    expired: bool
    trouble: str  # "" where there is none


def find(host: Host, given: Mapping[str, str], now: datetime) -> Credential | None:
    """The first credential there is, None where the user is signed in nowhere.

    `given` are the variables of the command line and the configuration. Raises CredentialError where the
    first one cannot be used: it has expired, is damaged, or is open to others.
    """
    for _, read in _sources(host, given):
        if (found := read()) is not None:
            refuse_expired(found, now)
            return found
    return None


def survey(host: Host, given: Mapping[str, str], now: datetime) -> list[Finding]:
    """Every source, in order, without raising. The first with a credential is the one in use."""
    findings = []
    for source, read in _sources(host, given):
        found, trouble = None, ""
        try:
            found = read()
        except CredentialError as error:
            trouble = error.message
        findings.append(Finding(source, found, found is not None and is_expired(found, now), trouble))
    return findings


_Read = Callable[[], Credential | None]


def _sources(host: Host, given: Mapping[str, str]) -> Iterator[tuple[SourceName, _Read]]:
    yield "flag", lambda: _from_variables(given, "flag")
    yield "environment", lambda: _from_variables(host.env, "environment")
    yield from _own()
    if host.platform == "darwin":
        yield "keychain", lambda: _from_keychain(host)
    yield "claude-file", lambda: _from_claude_file(host)


def _own() -> Iterator[tuple[SourceName, _Read]]:
    try:
        kept = keep.place()
    except CredentialError:
        yield "file", _unreadable_note
        return
    if kept is not None:
        yield kept.place, lambda: keep.read(kept)


def _unreadable_note() -> Credential | None:
    keep.place()  # raises what it raised before
    return None


def _from_variables(variables: Mapping[str, str], source: SourceName) -> Credential | None:
    for name, kind in VARIABLES:
        if text := variables.get(name, "").strip():
            return credential(kind, source, name, text)
    return None


def keychain_service(env: Mapping[str, str]) -> str:
    """The name of Claude Code's keychain item: it has a suffix where its directory is not the usual one.

    As Claude Code 2.1.330 computes it: the first 8 hex digits of the SHA-256 of the directory's NFC form.
    """
    directory = env.get("CLAUDE_SECURESTORAGE_CONFIG_DIR")
    if directory is None:
        directory = env.get("CLAUDE_CONFIG_DIR", "")
    if not directory:
        return "Claude Code-credentials"
    digest = hashlib.sha256(unicodedata.normalize("NFC", directory).encode()).hexdigest()
    return f"Claude Code-credentials-{digest[:8]}"


def keychain_account(host: Host) -> str:
    """The account of that item: the user's name, or Claude Code's stand-in for an unusual one."""
    name = host.env.get("USER") or host.user
    return name if re.fullmatch(r"[A-Za-z0-9._-]+", name) else "claude-code-user"


def _from_keychain(host: Host) -> Credential | None:
    service = keychain_service(host.env)
    argv = ["security", "find-generic-password", "-s", service, "-a", keychain_account(host), "-w"]
    where = f"the keychain item {service!r}"
    try:
        result = process.capture(argv, timeout=_KEYCHAIN_TIMEOUT)
    except FileNotFoundError:
        return None
    except (process.ProcessTimeoutError, PermissionError):
        raise CredentialError(f"{where} could not be read: no answer", hint=_KEYCHAIN_HINT) from None
    if result.code == _NOT_FOUND:
        return None
    if result.code != 0:
        raise CredentialError(f"{where} could not be read: {_last_line(result.stderr)}", hint=_KEYCHAIN_HINT)
    return from_claude(_unhexed(result.stdout.strip()), "keychain", where)


_KEYCHAIN_HINT = "unlock the keychain and allow `security` to read the item, or run `contenant auth login`"


def _unhexed(text: str) -> str:
    """`security -w` prints an item in hexadecimal where it holds anything but ASCII."""
    if re.fullmatch("(?:[0-9a-fA-F]{2})+", text):
        return bytes.fromhex(text).decode("utf-8", "replace")
    return text


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else "no reason given"


def claude_dir(host: Host) -> str:
    """The host's Claude Code directory."""
    return host.env.get("CLAUDE_CONFIG_DIR") or f"{host.home}/.claude"


def _from_claude_file(host: Host) -> Credential | None:
    path = Path(claude_dir(host), ".credentials.json")
    try:
        data = files.read(path, _MAX_BYTES, follow=True)
    except OSError as error:
        raise CredentialError(f"{path} could not be read: {error.strerror}", hint=_FILE_HINT) from None
    return None if data is None else from_claude(data.decode("utf-8", "replace"), "claude-file", str(path))


_FILE_HINT = "mend it, or run `contenant auth login`"
