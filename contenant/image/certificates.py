"""Extra CA certificates: those a company adds to the public ones, found in files of PEM blocks.

A file such as the one SSL_CERT_FILE names holds all the public roots, too. They are left out, by fingerprint:
`debian_ca.txt` lists what the ca-certificates packages of Debian 12, with point releases, of Debian 13 and of
Ubuntu 24.04 bring, which is Mozilla's store.
"""

import base64
import binascii
import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from contenant.errors import ConfigError

VARIABLES = ("SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS")
_BEGIN, _END = b"-----BEGIN CERTIFICATE-----", b"-----END CERTIFICATE-----"
_SHIPPED = Path(__file__).with_name("debian_ca.txt")


class Certificate(NamedTuple):
    """One certificate."""

    fingerprint: str  # SHA-256 of the DER form, 64 hex digits
    der: bytes

    def pem(self) -> bytes:
        """The certificate as a PEM file with lines of 64 characters."""
        text = base64.b64encode(self.der)
        lines = [text[start : start + 64] for start in range(0, len(text), 64)]
        return b"\n".join([_BEGIN, *lines, _END, b""])


def parse(text: bytes) -> tuple[Certificate, ...]:
    """Every certificate of a PEM file, in order; blocks that are not base64 are passed over."""
    found = []
    for block in text.split(_BEGIN)[1:]:
        body, end, _ = block.partition(_END)
        try:
            der = binascii.a2b_base64(body)
        except binascii.Error:
            continue
        if end and der:
            found.append(Certificate(hashlib.sha256(der).hexdigest(), der))
    return tuple(found)


def without(certificates: Iterable[Certificate], known: Iterable[str]) -> tuple[Certificate, ...]:
    """Those whose fingerprint is not known, each once, ordered by fingerprint."""
    passed = frozenset(known)
    return tuple(sorted({one for one in certificates if one.fingerprint not in passed}))


def extra(settings: Iterable[str], environ: Mapping[str, str]) -> tuple[Certificate, ...]:
    """The certificates of the configured files and of those the environment names, but for public ones.

    Raises ConfigError when a configured file cannot be read or holds no certificate. What the environment
    names may be missing: it is for other programs.
    """
    found = [one for path in settings for one in _configured(Path(path))]
    for path in sorted({environ[name] for name in VARIABLES if environ.get(name)}):
        found += _optional(Path(path))
    return without(found, _SHIPPED.read_text(encoding="ascii").split()) if found else ()


def _configured(path: Path) -> tuple[Certificate, ...]:
    try:
        found = parse(path.read_bytes())
    except OSError as error:
        raise ConfigError(
            f"image.ca_certificates: cannot read {path}: {error.strerror}", hint="mend or remove the setting"
        ) from error
    if not found:
        raise ConfigError(
            f"image.ca_certificates: {path} holds no certificate", hint="it has to be a file of PEM blocks"
        )
    return found


def _optional(path: Path) -> tuple[Certificate, ...]:
    try:
        return parse(path.read_bytes())
    except OSError:
        return ()
