"""Files that others may have put there: read with a limit, replaced as a whole, never through a link."""

import os
import stat
from pathlib import Path


class NotPlainError(OSError):
    """What stands there is no plain file, or a larger one than anybody wants."""


def read(path: Path, limit: int, *, follow: bool = False, private: bool = False) -> bytes | None:
    """The bytes of a plain file, None where there is none. A pipe is not waited for, a device not read.

    `follow` lets the last part of the path be a link. Raises NotPlainError, also for more than `limit` bytes;
    PermissionError where `private` is asked for and others may read it; OSError.
    """
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | (0 if follow else os.O_NOFOLLOW)
    try:
        descriptor = os.open(path, flags)
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_size > limit:
            raise NotPlainError(0, f"not a plain file of at most {limit // 1024} KiB")
        if private and (status.st_mode & 0o077 or status.st_uid != os.getuid()):
            raise PermissionError(0, "it is open to others")
        return _read_all(descriptor, status.st_size)
    finally:
        os.close(descriptor)


def _read_all(descriptor: int, size: int) -> bytes:
    """As much as the file had when it was looked at: one that grows meanwhile is not followed for ever."""
    parts, left = [], size
    while left > 0 and (part := os.read(descriptor, left)):
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


def replace(
    path: Path,
    data: bytes,
    *,
    mode: int = 0o600,
    draft: Path | None = None,
    owner: tuple[int, int] | None = None,
) -> None:
    """Put a file in place as a whole, whatever stood there before; a link is replaced, not followed.

    `draft` is where it is written first, on the same file system: give one where others may write beside
    `path`. `owner` is a uid and gid, for root to give it away. Raises OSError; IsADirectoryError where a
    directory stands there.
    """
    draft = draft or path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fchmod(descriptor, mode)  # whatever the umask is
            if owner is not None:
                os.fchown(descriptor, *owner)
            os.fsync(descriptor)
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
