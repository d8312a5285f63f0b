"""The guest's kernel as the container sees it: no seccomp of Apple's own, and an old kernel without
nf_tables.

The shared kernel cannot be swapped, so an old one is imitated where it shows: `uname -r` through exec,
and netlink sockets of the netfilter family refused, which stops nft and iptables-nft and leaves
iptables-legacy alone. ipset uses the same family and stops as well, which the real old kernel does not
do.
"""

from __future__ import annotations

import json
from typing import Any

from .call import Call
from .state import OLD_KERNEL

AF_NETLINK, NETLINK_NETFILTER, EINVAL = 16, 12, 22
PROFILE = {
    "defaultAction": "SCMP_ACT_ALLOW",
    "syscalls": [
        {
            "names": ["socket"],
            "action": "SCMP_ACT_ERRNO",
            "errnoRet": EINVAL,
            "args": [
                {"index": 0, "value": AF_NETLINK, "op": "SCMP_CMP_EQ"},
                {"index": 2, "value": NETLINK_NETFILTER, "op": "SCMP_CMP_EQ"},
            ],
        }
    ],
}
NO_NFTABLES = (OLD_KERNEL,)


def security_words(call: Call, kernel: str | None, made: dict[str, Any]) -> list[str]:
    """podman's --security-opt: unconfined but for the old kernel; /proc unmasked before 1.2 or where NONE
    is asked.
    """
    words = ["--security-opt", "seccomp=unconfined"]
    if kernel in NO_NFTABLES:
        path = call.settings.home / "old-kernel.json"
        path.write_text(json.dumps(PROFILE))
        words = ["--security-opt", f"seccomp={path}"]
    masked, read_only = made.get("maskedPaths"), made.get("readonlyPaths")
    if not call.at_least(1, 2) or (masked == [] and read_only == []):
        return [*words, "--security-opt", "unmask=ALL"]
    if read_only == []:
        words += ["--security-opt", "unmask=/proc/sys:/proc/bus:/proc/fs:/proc/irq:/proc/sysrq-trigger"]
    for path in masked or []:
        words += ["--security-opt", f"mask={path}"]
    return words
