"""Id-mapped bind mounts (Linux 5.12+): a project that belongs to root, given to an agent that is not.

Run by root in root's own project, the agent (uid 1000 in the container) could not write there, and must not
be root. An id-mapped mount translates: what is root's on the disk is uid 1000's through the mount and back,
for this one directory only; no set-user-id or device file works through it. See mount_setattr(2). Neither
podman 4 nor docker offers it with runc, so it is made here and handed to the engine as a plain directory.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from contenant.errors import StateError

# The same numbers on every architecture that has them (include/uapi/asm-generic/unistd.h).
_OPEN_TREE, _MOVE_MOUNT, _MOUNT_SETATTR = 428, 429, 442
_AT_FDCWD, _AT_EMPTY_PATH = -100, 0x1000
_OPEN_TREE_CLONE, _MOVE_MOUNT_F_EMPTY_PATH = 1, 4
_ATTR_NOSUID, _ATTR_NODEV, _ATTR_IDMAP = 0x2, 0x4, 0x00100000
_CLONE_NEWUSER, _MNT_DETACH = 0x10000000, 2


class _MountAttr(ctypes.Structure):
    _fields_ = (
        ("attr_set", ctypes.c_uint64),
        ("attr_clr", ctypes.c_uint64),
        ("propagation", ctypes.c_uint64),
        ("userns_fd", ctypes.c_uint64),
    )


def mount(source: Path, target: Path, agent: tuple[int, int]) -> None:
    """Show `source` at `target` with root's ids as the agent's (uid, gid). Done already: nothing happens.

    Needs root. Raises StateError where the kernel or the file system cannot do it.
    """
    if is_mounted(source, target):
        return
    unmount(target)
    target.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        with _user_namespace(agent) as namespace:
            _bind(source, target, namespace)
    except OSError as error:
        raise StateError(
            f"cannot give the agent root's project {source}: id-mapped mounts failed ({error.strerror})",
            hint="run contenant as an ordinary user, or chown the project to one",
        ) from error


def unmount(target: Path) -> None:
    """Take the mount away; nothing happens where there is none."""
    target = target.resolve()  # the kernel lists real paths, and a renamed container's place is a link
    while _is_mount_point(target):
        if _libc().umount2(os.fsencode(target), ctypes.c_int(_MNT_DETACH)) != 0:
            raise StateError(f"cannot unmount {target}: {os.strerror(ctypes.get_errno())}")


def is_mounted(source: Path, target: Path) -> bool:
    """Whether `target` already shows `source`: the same directory through another mount."""
    try:
        return os.path.samestat(source.stat(), target.stat())
    except OSError:
        return False


def _is_mount_point(target: Path) -> bool:
    """By the kernel's own list: os.path.ismount misses binds within one file system."""
    escaped = "".join(f"\\{ord(c):03o}" if c in " \t\n\\" else c for c in str(target))
    lines = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    return any(line.split(" ")[4] == escaped for line in lines)


def _bind(source: Path, target: Path, namespace: int) -> None:
    tree = _call(_OPEN_TREE, ctypes.c_int(_AT_FDCWD), os.fsencode(source), _OPEN_TREE_CLONE | os.O_CLOEXEC)
    try:
        attributes = _MountAttr(_ATTR_IDMAP | _ATTR_NOSUID | _ATTR_NODEV, 0, 0, namespace)
        size = ctypes.c_size_t(ctypes.sizeof(attributes))
        _call(_MOUNT_SETATTR, tree, b"", _AT_EMPTY_PATH, ctypes.byref(attributes), size)
        where = os.fsencode(target)
        _call(_MOVE_MOUNT, tree, b"", ctypes.c_int(_AT_FDCWD), where, _MOVE_MOUNT_F_EMPTY_PATH)
    finally:
        os.close(tree)


@contextmanager
def _user_namespace(agent: tuple[int, int]) -> Iterator[int]:
    """A file descriptor of a user namespace in which only root is mapped, to the agent's ids."""
    ready, told = os.pipe()
    wait, go = os.pipe()
    child = os.fork()
    if child == 0:  # system calls only: the parent may have threads
        os.close(go)
        os.write(told, b"1" if _libc().unshare(ctypes.c_int(_CLONE_NEWUSER)) == 0 else b"0")
        os.read(wait, 1)
        os._exit(0)
    try:
        if os.read(ready, 1) != b"1":
            raise OSError(0, "no user namespaces")
        for kind, number in (("uid_map", agent[0]), ("gid_map", agent[1])):
            Path(f"/proc/{child}/{kind}").write_text(f"0 {number} 1\n", encoding="ascii")
        namespace = os.open(f"/proc/{child}/ns/user", os.O_RDONLY | os.O_CLOEXEC)
        try:
            yield namespace
        finally:
            os.close(namespace)
    finally:
        for handle in (ready, told, wait, go):
            os.close(handle)
        os.waitpid(child, 0)


def _call(number: int, *arguments: object) -> int:
    result = int(_libc().syscall(ctypes.c_long(number), *arguments))
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
