"""The rules in the kernel: load, probe, compare, read what they recorded."""

from __future__ import annotations

import json
from typing import Any

from fw import place, run
from fw.ruleset import Features

_MEND_TOOL = "nft is missing in this image; install Debian's package nftables and rebuild the image"
_MEND_RIGHT = "the engine gave no right to set rules; the container needs the capability NET_ADMIN"
_MEND_KERNEL = (
    "the kernel has no nftables (NF_TABLES, NF_TABLES_INET, NFT_CT, NFT_NAT, NFT_REDIR); on macOS bring "
    "container's kernel up to date with: container system kernel set --recommended"
)
_PROBES = {
    "reject": "chain probe { type filter hook output priority 0; reject with icmpx type admin-prohibited; }",
    "record": (
        "counter probed { }\n"
        "set probe { type uid . inet_proto . ipv4_addr . inet_service; size 16; flags dynamic,timeout; "
        "timeout 1h; counter; }\n"
        "chain probe { counter name probed meta l4proto tcp update @probe { "
        "meta skuid . meta l4proto . ip daddr . th dport counter } }"
    ),
}


def load(text: str) -> None:
    """Load rules in one transaction. Raises FirewallError; the rules of before then stay."""
    end_load(begin_load(text))


def begin_load(text: str) -> run.Started:
    """Begin to load rules; `end_load` waits for the outcome and raises FirewallError."""
    try:
        return run.start(["nft", "-f", "-"], text.encode())
    except FileNotFoundError:
        raise place.FirewallError(_MEND_TOOL) from None


def end_load(started: run.Started) -> None:
    """See rules loaded. Raises FirewallError."""
    result = run.finish(started)
    if result.code:
        raise place.FirewallError(explain(result))


def accepts(text: str) -> bool:
    """Whether the kernel would take these rules; nothing is changed."""
    return run.call("nft", "-c", "-f", "-", stdin=text).code == 0


def probe() -> Features:
    """Which comforts this kernel has. Asked only when the full rules were refused."""
    return Features(
        **{name: accepts(f"table inet contenant_probe {{\n{body}\n}}\n") for name, body in _PROBES.items()}
    )


def explain(result: run.Result) -> str:
    """Why nft failed, and what mends it."""
    if result.code == 127:
        return _MEND_TOOL
    if "Operation not permitted" in result.err:
        return _MEND_RIGHT
    if "Protocol not supported" in result.err or "Operation not supported" in result.err:
        return _MEND_KERNEL
    lines = result.err.strip().splitlines()
    return f"nft refused the rules: {lines[0] if lines else f'exit {result.code}'}"


def listing() -> str:
    """The table as the kernel has it, without counters and what sets recorded; "" where there is none."""
    return end_listing(begin_listing())


def begin_listing() -> run.Started:
    """Ask for the listing; `end_listing` waits for it."""
    return run.start(["nft", "-st", "list", "table", "inet", place.TABLE])


def end_listing(started: run.Started) -> str:
    """The listing asked for."""
    return run.finish(started).out


def is_closed(text: str) -> bool:
    """Whether a listing has the three hooks with policy drop."""
    return all(
        f"type filter hook {hook} priority filter; policy drop;" in text
        for hook in ("output", "input", "forward")
    )


def records() -> dict[str, list[dict[str, Any]]]:
    """The recording sets: name -> [{uid, proto, dst, port, count}]; "counters" -> [{name, count}]."""
    result = run.call("nft", "-j", "list", "table", "inet", place.TABLE)
    found: dict[str, list[dict[str, Any]]] = {"counters": []}
    if result.code:
        return found
    for item in json.loads(result.out).get("nftables", ()):
        if "set" in item:
            body = item["set"]
            found[body["name"]] = [_element(element["elem"]) for element in body.get("elem", ())]
        if "counter" in item:
            body = item["counter"]
            found["counters"].append({"name": body["name"], "count": body["packets"]})
    return found


def _element(body: dict[str, Any]) -> dict[str, Any]:
    uid, protocol, address, port = body["val"]["concat"]
    names = {6: "tcp", 17: "udp"}
    return {
        "uid": uid,
        "proto": names.get(protocol, str(protocol)),
        "dst": address,
        "port": port,
        "count": body.get("counter", {}).get("packets", 0),
    }
