"""contenant's own store: the keyring where there is a good one, a private file where not."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from contenant.core.ages import from_text
from contenant.credentials import keep
from contenant.credentials.values import CredentialError
from contenant.errors import UsageError

from .conftest import API_KEY, NOW, SETUP

pytestmark = pytest.mark.usefixtures("machine")


def stored(tmp_path: Path) -> str:
    """Everything below contenant's directories, as text."""
    return "\n".join(path.read_text() for path in (tmp_path / "contenant").rglob("*") if path.is_file())


def test_nothing_stored() -> None:
    assert keep.place() is None
    assert keep.forget() is None


def test_a_keyring(tmp_path: Path, use_keyring: Callable[[str], Path]) -> None:
    ring = use_keyring("Working")
    kept, why = keep.store(SETUP, NOW)
    assert (kept.place, kept.kind, why) == ("keyring", "oauth", "")
    assert SETUP not in stored(tmp_path)
    assert SETUP in ring.read_text()
    found = keep.read(kept)
    assert (found.secret.reveal(), found.source, found.fingerprint) == (SETUP, "keyring", kept.fingerprint)
    assert from_text(found.expires) == NOW + timedelta(days=365)
    assert keep.forget() == kept
    assert json.loads(ring.read_text()) == {}
    assert keep.place() is None


def test_no_keyring(tmp_path: Path) -> None:
    kept, why = keep.store(f" {API_KEY}\n", NOW)
    assert kept.place == "file"
    assert "no keyring" in why
    path = tmp_path / "contenant/state/credentials/token"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    found = keep.read(kept)
    assert (found.secret.reveal(), found.kind, found.expires) == (API_KEY, "api-key", "")
    keep.forget()
    assert stored(tmp_path) == ""


@pytest.mark.parametrize(
    ("backend", "why"),
    [("Locked", "KeyringLocked"), ("Forgetful", "did not keep"), ("Hanging", "did not answer")],
)
def test_a_keyring_of_no_use(
    use_keyring: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, backend: str, why: str
) -> None:
    monkeypatch.setattr(keep, "_KEYRING_TIMEOUT", 0.3)
    use_keyring(backend)
    kept, reason = keep.store(SETUP, NOW)
    assert kept.place == "file"
    assert why in reason
    assert SETUP not in reason
    assert keep.read(kept).secret.reveal() == SETUP


def test_a_keyring_that_stores_plain_files_is_none(use_keyring: Callable[[str], Path]) -> None:
    use_keyring("Working")
    import keyring

    backend = type(keyring.get_keyring())
    plain = type("PlaintextKeyring", (backend,), {"__module__": "keyrings.alt.file"})
    keyring.set_keyring(plain())
    assert keep.store(SETUP, NOW)[0].place == "file"


def test_from_file_to_keyring_and_back(tmp_path: Path, use_keyring: Callable[[str], Path]) -> None:
    """Storing again leaves nothing of the older one where it was."""
    keep.store(API_KEY, NOW)
    ring = use_keyring("Working")
    keep.store(SETUP, NOW)
    assert API_KEY not in stored(tmp_path)
    assert SETUP in ring.read_text()


def test_a_keyring_that_went_away(use_keyring: Callable[[str], Path]) -> None:
    use_keyring("Working")
    kept, _ = keep.store(SETUP, NOW)
    import keyring
    from keyring.backends.fail import Keyring

    keyring.set_keyring(Keyring())
    with pytest.raises(CredentialError) as caught:
        keep.read(kept)
    assert "keyring" in caught.value.message
    assert "contenant auth login" in caught.value.hint


def test_a_keyring_that_holds_another_one_by_now(use_keyring: Callable[[str], Path]) -> None:
    ring = use_keyring("Working")
    kept, _ = keep.store(SETUP, NOW)
    ring.write_text(json.dumps({"contenant/claude": "sk-ant-oat01-planted-1234567"}))
    with pytest.raises(CredentialError, match="another one"):
        keep.read(kept)
    ring.write_text("{}")
    with pytest.raises(CredentialError, match="is gone"):
        keep.read(kept)


def test_a_file_open_to_others_is_refused(tmp_path: Path) -> None:
    kept, _ = keep.store(SETUP, NOW)
    (tmp_path / "contenant/state/credentials/token").chmod(0o640)
    with pytest.raises(CredentialError, match="open to others"):
        keep.read(kept)


def test_a_link_in_the_files_place_is_refused(tmp_path: Path) -> None:
    kept, _ = keep.store(SETUP, NOW)
    token = tmp_path / "contenant/state/credentials/token"
    token.rename(tmp_path / "moved")
    token.symlink_to(tmp_path / "moved")
    with pytest.raises(CredentialError):
        keep.read(kept)


@pytest.mark.parametrize("note", ["", "{", "[]", "{}", '{"place": "elsewhere"}', "null"])
def test_a_damaged_note(tmp_path: Path, note: str) -> None:
    keep.store(SETUP, NOW)
    (tmp_path / "contenant/state/credentials/place.json").write_text(note)
    with pytest.raises(CredentialError, match="damaged"):
        keep.place()
    keep.forget()
    assert stored(tmp_path) == ""


def test_a_note_that_names_another_place(tmp_path: Path) -> None:
    keep.store(SETUP, NOW)
    path = tmp_path / "contenant/state/credentials/place.json"
    path.write_text(path.read_text().replace('"file"', '"elsewhere"'))
    with pytest.raises(CredentialError, match="damaged"):
        keep.place()


def test_what_is_no_token_leaves_the_stored_one_alone() -> None:
    kept, _ = keep.store(SETUP, NOW)
    with pytest.raises(UsageError):
        keep.store("hello", NOW)
    assert keep.read(kept).secret.reveal() == SETUP
