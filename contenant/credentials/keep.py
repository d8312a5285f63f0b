"""contenant's own store of one credential: the system's keyring where there is one, else a file of mode 0600.

A note beside it (`place.json`) says where it is and when it ends, and holds no secret: so a start that has
none stored neither imports `keyring` nor wakes the system's keyring.
"""

import json
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeVar, cast

from contenant import files, paths
from contenant.core.ages import to_text
from contenant.credentials.values import (
    SETUP_TOKEN_LIFE,
    Credential,
    CredentialError,
    Kind,
    classify,
    credential,
    fingerprint,
)

SERVICE, ACCOUNT = "contenant", "claude"
_KEYRING_TIMEOUT = 60.0  # seconds: a locked keyring asks the user first
_MAX_BYTES = 65536
_AGAIN = "run `contenant auth login` again"
_T = TypeVar("_T")


class Kept(NamedTuple):
    """Where contenant's own credential is. Holds no secret."""

    place: Literal["keyring", "file"]
    kind: Kind
    fingerprint: str
    stored: str  # ISO-8601 UTC
    expires: str  # ISO-8601 UTC, "" where it is not known


def _directory() -> Path:
    return paths.state_dir() / "credentials"


def _note() -> Path:
    return _directory() / "place.json"


def _file() -> Path:
    return _directory() / "token"


def place() -> Kept | None:
    """Where the stored credential is, None where nothing is stored. Raises CredentialError for damage."""
    try:
        data = files.read(_note(), _MAX_BYTES)
        if data is None:
            return None
        kept = Kept(**json.loads(data))
    except (ValueError, TypeError, OSError) as error:
        raise CredentialError(f"{_note()} is damaged", hint=_AGAIN) from error
    if kept.place not in ("keyring", "file") or kept.kind not in ("oauth", "api-key"):
        raise CredentialError(f"{_note()} is damaged", hint=_AGAIN)
    return kept


def read(kept: Kept) -> Credential:
    """The stored credential. Raises CredentialError where it is gone, was changed, or is open to others."""
    text = _from_keyring() if kept.place == "keyring" else _from_file()
    where = "the system's keyring" if kept.place == "keyring" else str(_file())
    if text is None or fingerprint(text) != kept.fingerprint:
        what = "is gone" if text is None else "is another one than was stored"
        raise CredentialError(f"the credential in {where} {what}", hint=_AGAIN)
    return credential(kept.kind, kept.place, where, text, expires=kept.expires)


def store(text: str, now: datetime) -> tuple[Kept, str]:
    """Keep a pasted token; returns where, and why not in the keyring ("" when it is there).

    Raises UsageError for what is no token, StateError where the state directory cannot be used.
    """
    kind, token = classify(text)
    why = _into_keyring(token)
    if why:
        _write(_file(), token)
    else:
        _file().unlink(missing_ok=True)
    expires = to_text(now + SETUP_TOKEN_LIFE) if kind == "oauth" else ""
    kept = Kept("file" if why else "keyring", kind, fingerprint(token), to_text(now), expires)
    _write(_note(), json.dumps(kept._asdict()))
    return kept, why


def forget() -> Kept | None:
    """Remove the stored credential, wherever it is; returns what was known of it, None where nothing was.

    Raises CredentialError where the keyring holds it and does not let go of it.
    """
    try:
        kept = place()
    except CredentialError:
        kept = None  # a damaged note: what it may have spoken of is removed below
    if kept is not None and kept.place == "keyring":
        _out_of_keyring()
    _file().unlink(missing_ok=True)
    _note().unlink(missing_ok=True)
    return kept


def _write(path: Path, text: str) -> None:
    paths.ensure_private(path.parent)
    files.replace(path, text.encode())


def _from_file() -> str | None:
    path = _file()
    try:
        data = files.read(path, _MAX_BYTES, private=True)
    except PermissionError as error:
        raise CredentialError(
            f"{path} cannot be used: {error.strerror}, who may know the token by now",
            hint="run `contenant auth login` with a new token and revoke the old one",
        ) from None
    except OSError as error:
        raise CredentialError(f"{path} could not be read: {error.strerror}", hint=_AGAIN) from None
    return None if data is None else data.decode("ascii", "replace")


def _backend() -> Any:
    """The keyring in use, None where the library or a safe keyring is missing."""
    try:
        import keyring  # an optional extra, and slow to import
        from keyring.backends import fail, null
    except ImportError:
        return None
    backend = keyring.get_keyring()
    unsafe = isinstance(backend, fail.Keyring | null.Keyring)
    plain = type(backend).__module__.startswith("keyrings.alt")  # files, some of them in plain text
    return None if unsafe or plain or backend.priority <= 0 else backend


def _into_keyring(token: str) -> str:
    """Store; "" when done, else why not."""
    try:
        backend = _ask(_backend)
        if backend is None:
            return "there is no keyring"
        _ask(lambda: backend.set_password(SERVICE, ACCOUNT, token))
        kept = _ask(lambda: backend.get_password(SERVICE, ACCOUNT))
    except CredentialError as error:
        return error.message
    return "" if kept == token else "the keyring did not keep it"


def _from_keyring() -> str | None:
    backend = _ask(_backend)
    if backend is None:
        raise CredentialError(
            "the credential is in the system's keyring, which is not there now",
            hint="install contenant[keyring] and unlock the keyring, or run `contenant auth login` again",
        )
    return cast("str | None", _ask(lambda: backend.get_password(SERVICE, ACCOUNT)))


def _out_of_keyring() -> None:
    backend = _ask(_backend)
    if backend is not None and _ask(lambda: backend.get_password(SERVICE, ACCOUNT)) is not None:
        _ask(lambda: backend.delete_password(SERVICE, ACCOUNT))


def _ask(call: Callable[[], _T]) -> _T:
    """Call the keyring with a limit of time. Raises CredentialError.

    The error is without the call's own words: any library may be behind it and put the secret in its message.
    """
    answers: list[_T] = []
    errors: list[str] = []

    def work() -> None:
        try:
            answers.append(call())
        except Exception as error:  # noqa: BLE001 - backends raise what they like
            errors.append(type(error).__name__)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(_KEYRING_TIMEOUT)
    if answers:
        return answers[0]
    what = f"failed ({errors[0]})" if errors else "did not answer"
    raise CredentialError(f"the system's keyring {what}", hint="unlock it, then try again")
