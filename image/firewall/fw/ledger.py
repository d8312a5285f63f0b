"""The record: raw logs and nft sets become few rows, each decision once per minute with a count.

The raw logs are read from where they were last read to, and cut off when they have grown. What a flood adds
beyond the ledger's bounds is only counted, so it can push nothing out: what came first stays until the host
has taken it (`collect --since`). Called with the firewall's lock held.
"""

from __future__ import annotations

import calendar
import json
import os
import re
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from fw import change, daemons, kernel, place
from fw.names import HOST_NAME
from fw.policy import Policy
from fw.selftest import DIRECT, DOMAIN

LEDGER, BOOK = place.LOGS + "/ledger.jsonl", place.LOGS + "/ledger.json"
MAX_ROWS = 4000  # rows kept for the host; beyond, only counts
ROTATE_AT = 1 << 20  # bytes of raw log
_READ_AT_ONCE = place.LOG_LIMIT + (1 << 20)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_LINE = re.compile(
    r"(?P<month>\w{3}) +(?P<day>\d{1,2}) (?P<time>\d\d:\d\d:\d\d) dnsmasq\[\d+\]: "
    r"(?:query\[(?P<kind>[^\]]*)\] (?P<asked>.*) from \S+|config (?P<name>.*) is (?P<answer>\S+.*))"
)
_KEY = ("minute", "layer", "verdict", "name", "dst", "port", "proto", "uid", "policy")

Row = dict[str, Any]


def collect(since: str) -> Iterator[str]:
    """JSON lines: the rows after the cursor `since`, then one with the new cursor and what was suppressed.

    A cursor says that the host has everything up to it; those rows are given up. A cursor of another
    container counts as none.
    """
    error = ""
    try:
        digest()
    except OSError as problem:  # a full disk: what is in the ledger is given all the same
        error = problem.strerror or "unknown"
    book = _book()
    name, _, number = since.partition(":")
    taken = int(number) if name == book["id"] and number.isdigit() else 0
    rows = [row for line in place.read(LEDGER).splitlines() if (row := json.loads(line))["seq"] > taken]
    if taken and not error:
        place.write(LEDGER, "".join(_line(row) for row in rows))
        book["rows"] = len(rows)
        _save(book)
    for row in rows:
        yield _line(row)
    last = rows[-1]["seq"] if rows else max(taken, 0)
    tail = {"cursor": f"{book['id']}:{last}", "suppressed": book["suppressed"], "counters": book["counters"]}
    yield _line(tail | ({"error": error} if error else {}))


def hand_over() -> None:
    """Leave what the host has not taken yet in the host's own directory, which outlives both a stop and the
    container. Nothing is given up by it.
    """
    if os.path.isdir(place.SESSIONS):
        place.write(place.HANDED_OVER, "".join(collect("")), 0o644)


def digest(policy: Policy | None = None) -> None:
    """Take what the daemons and the kernel recorded since last time into the ledger.

    `policy` is the one it was decided by, None for the one in force.
    """
    book = _book()
    state = place.load_state()
    if policy is None and state:
        policy = change.in_force(state)
    rows: dict[tuple[Any, ...], Row] = {}
    for row in _decisions(book, state, policy) if policy else ():
        same = rows.setdefault(tuple(row[field] for field in _KEY), row)
        if same is not row:
            for field in ("count", "sent", "received"):
                same[field] += row[field]
    _append(book, list(rows.values()))
    _save(book)


def _decisions(book: Row, state: Row, policy: Policy) -> Iterator[Row]:
    yield from _dns(_new_lines(book, "dns", place.DNS_LOGS + "/dns.log", state), policy)
    for line in _new_lines(book, "proxy", place.PROXY_LOGS + "/proxy.log", state):
        yield from _proxy(line)
    yield from _packets(book, policy.hash)


def _append(book: Row, rows: list[Row]) -> None:
    room = MAX_ROWS - book["rows"]
    lines = []
    for row in rows[:room]:
        book["seq"] += 1
        del row["minute"]
        lines.append(_line(row | {"seq": book["seq"]}))
    for row in rows[room:]:
        kind = f"{row['layer']} {row['verdict']}"
        book["suppressed"][kind] = book["suppressed"].get(kind, 0) + row["count"]
    book["rows"] += len(lines)
    if lines:
        descriptor = os.open(LEDGER, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        with open(descriptor, "w", encoding="utf-8") as file:
            file.writelines(lines)


def _new_lines(book: Row, name: str, path: str, state: Row) -> Iterator[str]:
    """Whole lines since last time. A log that has grown is moved aside, reopened, and read out."""
    text, position = _tail(path, book["read"].get(name, 0))
    if position > ROTATE_AT:
        os.replace(path, path + ".1")
        daemons.reopen_logs(int(state.get("dns_port", 0)))
        _await_file(path)
        more, _ = _tail(path + ".1", position)
        text, position = text + more, 0
        place.remove(path + ".1")
    book["read"][name] = position
    yield from text.splitlines()


def _tail(path: str, position: int) -> tuple[str, int]:
    try:
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            file.seek(position if position <= size else 0)
            data = file.read(_READ_AT_ONCE)
    except FileNotFoundError:
        return "", 0
    whole = data[: data.rfind(b"\n") + 1]
    return whole.decode("utf-8", "replace"), (position if position <= size else 0) + len(whole)


def _await_file(path: str) -> None:
    deadline = time.monotonic() + 0.5
    while not os.path.exists(path) and time.monotonic() < deadline:
        time.sleep(0.005)
    time.sleep(0.01)  # a worker may still be writing its last line to the old file


def _dns(lines: Iterable[str], policy: Policy) -> Iterator[Row]:
    """One row per name, minute and verdict, counted as often as its most frequent record type was asked for:
    one look-up asks for IPv4 and IPv6.

    `Nov 23 13:21:11 dnsmasq[14]: query[A] NAME from ADDRESS`, then `… config NAME is ANSWER`.
    """
    allowed, wrong = _names(policy), "would-deny" if policy.mode == "audit" else "deny"
    rows: dict[tuple[int, str, str], tuple[float, dict[str, int]]] = {}
    asked, kind = "", ""
    for line in lines:
        if not (found := _LINE.fullmatch(line)) or found["month"] not in _MONTHS:
            continue
        if found["kind"]:
            asked, kind = found["asked"], found["kind"]
            continue
        name = _clean(found["name"])
        if name.endswith(DOMAIN) or found["answer"].startswith("REFUSED"):
            continue
        # An allowed name below another makes dnsmasq say NODATA about that one: only the policy tells.
        verdict = "deny" if found["answer"] == "NXDOMAIN" else "allow" if allowed(name) else wrong
        at = _moment(found["month"], found["day"], found["time"])
        counts = rows.setdefault((int(at // 60), verdict, name), (at, {}))[1]
        # The question stands right before its answer, but for a log that was cut between them.
        same = kind if asked == found["name"] else ""
        counts[same] = counts.get(same, 0) + 1
    for (_, verdict, name), (at, counts) in rows.items():
        row = _row(at, "dns", verdict, policy.hash, name=name, proto="udp", port=53)
        yield row | {"count": max(counts.values())}


def _names(policy: Policy) -> Callable[[str], bool]:
    """Whether a policy allows a name. A flood asks this a hundred thousand times."""
    open_names, open_below, shut_names, shut_below = (
        {entry.name for entry in entries if entry.wildcard is wildcard}
        for entries in (policy.allow, policy.deny)
        for wildcard in (False, True)
    )
    if policy.host:
        open_names.add(HOST_NAME)

    def stands_for(name: str, exact: set[str], below: set[str]) -> bool:
        labels = name.split(".")
        return name in exact or any(".".join(labels[n:]) in below for n in range(1, len(labels)))

    return lambda name: (
        stands_for(name, open_names, open_below) and not stands_for(name, shut_names, shut_below)
    )


def _proxy(line: str) -> Iterator[Row]:
    try:
        raw = json.loads(line)
        at, layer, verdict = float(raw["ts"]), raw["layer"], raw["verdict"]
    except (ValueError, KeyError, TypeError):
        return
    if layer not in ("tls", "http", "tcp") or str(raw.get("name", "")).endswith(DOMAIN):
        return
    port = {"tls": 443, "http": 80}.get(layer) or int(raw.get("port", 0))
    name, policy = _clean(str(raw.get("name", ""))), str(raw.get("policy", ""))
    # The last of several addresses tried is the one that was reached; without the port.
    target = str(raw.get("dst", "")).split(",")[-1].strip().rpartition(":")[0].strip("[]")
    row = _row(at, layer, verdict, policy, name=name, dst=target, port=port, proto="tcp")
    yield row | {"sent": int(raw.get("sent", 0)), "received": int(raw.get("received", 0))}


def _packets(book: Row, policy: str) -> Iterator[Row]:
    """What the sets of the kernel gained. Their counters only grow until an element ends after an hour."""
    found, now, before = kernel.records(), time.time(), book["sets"]
    book["counters"] = {row["name"]: row["count"] for row in found["counters"]}
    book["sets"] = {}
    for name in ("blocked4", "blocked6", "dialed4", "dialed6"):
        for element in found.get(name, ()):
            key = f"{name} {element['uid']} {element['proto']} {element['dst']} {element['port']}"
            book["sets"][key] = element["count"]
            gained = element["count"] - before.get(key, 0)
            gained = element["count"] if gained < 0 else gained
            if gained and element["dst"] not in DIRECT:
                verdict = "deny" if name.startswith("blocked") else "steered"
                fields = {field: element[field] for field in ("dst", "port", "proto", "uid")}
                yield _row(now, "l3", verdict, policy, **fields) | {"count": gained}


def _row(at: float, layer: str, verdict: str, policy: str, **fields: Any) -> Row:
    base = {"name": "", "dst": "", "port": 0, "proto": "", "uid": -1}
    head = {"ts": round(at, 3), "minute": int(at // 60), "layer": layer, "verdict": verdict, "policy": policy}
    return head | base | fields | {"count": 1, "sent": 0, "received": 0}


def _moment(month: str, day: str, clock: str) -> float:
    """dnsmasq writes no year: the latest one that does not lie in the future."""
    hour, minute, second = (int(part) for part in clock.split(":"))
    now = time.time()
    for year in (time.gmtime(now).tm_year, time.gmtime(now).tm_year - 1):
        at = calendar.timegm((year, _MONTHS.index(month) + 1, int(day), hour, minute, second))
        if at <= now + 86400:
            return float(at)
    return now


def _clean(name: str) -> str:
    """A name as asked for, harmless to print: the agent chose it."""
    return "".join(c if " " < c < "\x7f" and c not in '"\\' else "?" for c in name[:253])


def _book() -> Row:
    text = place.read(BOOK)
    if text:
        return dict(json.loads(text))
    fresh = {
        "id": os.urandom(6).hex(),
        "seq": 0,
        "rows": 0,
        "read": {},
        "sets": {},
        "counters": {},
        "suppressed": {},
    }
    return dict(fresh)


def _save(book: Row) -> None:
    place.write(BOOK, json.dumps(book))


def _line(row: Row) -> str:
    return json.dumps(row, separators=(",", ":")) + "\n"
