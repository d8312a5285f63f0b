"""SHA-256 of short texts, as hexadecimal.

`hashlib` loads OpenSSL, a quarter of what a bare interpreter costs to start, and every start needs a hash or
two. So the interpreter's own implementation is taken first, as the standard library's `random` does.
"""

from __future__ import annotations

try:
    from _sha2 import sha256  # type: ignore[import-not-found]  # CPython since 3.12
except ImportError:
    try:
        from _sha256 import sha256  # type: ignore[import-not-found]  # CPython 3.11
    except ImportError:
        from hashlib import sha256


def sha256_hex(data: bytes) -> str:
    """64 hex digits."""
    digest: str = sha256(data).hexdigest()
    return digest
