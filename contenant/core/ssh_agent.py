"""The SSH agent's protocol, as far as one is handed on: list the keys, sign, and nothing else. Pure.

Message numbers as in draft-ietf-sshm-ssh-agent. Whatever else an agent understands stays with its owner:
adding and removing keys, locking, and loading a PKCS#11 provider, which would run a library on the host
(CVE-2023-38408).
"""

from __future__ import annotations

import binascii

from contenant.core.digest import sha256_hex

MOST = 256 * 1024  # bytes of a message, as OpenSSH's agent takes them
FAILURE = b"\x05"
LIST = b"\x0b"
_LISTED, _SIGN, _EXTENSION = 12, 13, 27
# Tells the agent which host a connection leads to, so that keys bound to hosts work.
_BIND = b"session-bind@openssh.com"


def is_permitted(message: bytes) -> bool:
    """Whether a request, without its length, may reach the host's agent."""
    if message[:1] == bytes([_EXTENSION]):
        try:
            return _text(message, 1)[0] == _BIND
        except ValueError:
            return False
    return message == LIST or message[:1] == bytes([_SIGN])


def fingerprints(answer: bytes) -> tuple[str, ...]:
    """The keys in the answer to LIST, as `ssh-add -l` prints them: `SHA256:…`.

    Raises ValueError where it is no such answer.
    """
    if answer[:1] != bytes([_LISTED]) or len(answer) < 5:
        raise ValueError("not an SSH agent's answer")
    found, at = [], 5
    for _ in range(int.from_bytes(answer[1:5])):
        key, at = _text(answer, at)
        _, at = _text(answer, at)  # the comment, often a name or a path
        digest = binascii.b2a_base64(bytes.fromhex(sha256_hex(key)), newline=False)
        found.append(f"SHA256:{digest.decode().rstrip('=')}")
    return tuple(found)


def _text(data: bytes, at: int) -> tuple[bytes, int]:
    """A string with its length before it, and where it ends. Raises ValueError."""
    end = at + 4 + int.from_bytes(data[at : at + 4])
    if len(data) < at + 4 or len(data) < end:
        raise ValueError("cut off")
    return data[at + 4 : end], end
