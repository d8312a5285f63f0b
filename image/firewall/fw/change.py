"""Bringing a policy into force: render, check, switch. The old one stays until the new one stands whole."""

from __future__ import annotations

import os
import socket
import time
from typing import Any, NamedTuple

from fw import daemons, environment, kernel, names, place, ruleset, run, web
from fw.environment import Environment
from fw.policy import Policy, PolicyError, covers, read_policy
from fw.ruleset import Features

CURRENT = place.RUN + "/policy.json"
_PROBED = place.RUN + "/nginx.conf.probed"
_LOCAL_PORTS = range(20000, 30000)
_RANK = {"block": 0, "audit": 1, "off": 2}


class Target(NamedTuple):
    """Everything a policy comes to in this container."""

    policy: Policy
    environment: Environment
    state: dict[str, Any]  # what is saved when it is in force
    rules: str
    web: str
    ports: tuple[web.Port, ...]


def read_file(path: str, now: int) -> tuple[str, Policy]:
    """The policy of a file or of a directory's policy.json: its text and content. Raises FirewallError."""
    path = path + "/policy.json" if os.path.isdir(path) else path
    try:
        _refuse_writable(path)
        with open(path, encoding="utf-8") as file:
            text = file.read(1 << 20)
        return text, read_policy(text, now)
    except (PolicyError, UnicodeDecodeError) as error:
        raise place.FirewallError(f"{path}: policy refused: {error}") from None
    except OSError as error:
        raise place.FirewallError(f"{path}: cannot be read: {error.strerror}") from None


def _refuse_writable(path: str) -> None:
    """A policy the agent could have written is none: it lies on a read-only mount, or is root's alone."""
    if os.statvfs(path).f_flag & os.ST_RDONLY:
        return
    for each in (path, os.path.dirname(path)):
        status = os.stat(each)
        if status.st_uid != 0 or status.st_mode & 0o022:
            raise place.FirewallError(f"{each}: policy refused: others can write it; mount it read-only")


def start(text: str, policy: Policy) -> Target:
    """The first policy of a container's life: rules, daemons, resolv.conf.

    The rules of `lockdown.nft` stand already, so where this raises FirewallError all is closed. `confirm` is
    still to be called.
    """
    known = {"addresses": load_addresses(), "mark": 0}
    target = prepare(policy, known, ruleset.DNS_PORTS[0], cut=True, features=Features())
    daemons.sweep(place.FWDNS)
    daemons.sweep(place.FWPROXY)
    # Nothing can leave: the daemons may start while the kernel takes the real rules.
    rules = kernel.begin_load(ruleset.FRESH + target.rules)
    started = _begin_daemons(target)
    target = _loaded(target, rules)
    for name, daemon in started.items():
        daemons.settle(daemon, name)
    _keep(target, text)
    return target


def switch(text: str, policy: Policy, cut: bool | None) -> bool:
    """A live change; returns whether open streams were cut. `cut` None: when anything was taken away.

    Raises FirewallError with the old policy still in force.
    """
    old_state = place.load_state()
    if not old_state:
        raise place.FirewallError("not up; nothing was changed")
    old = in_force(old_state)
    cuts = takes_away(old, policy) if cut is None else cut
    features = Features(**old_state["features"])
    target = prepare(policy, old_state, old_state["dns_port"], cuts, features)
    if policy.mode == "off" or old.mode == "off":
        _switch_off_or_on(target, old_state)
    else:
        target = _switch_daemons(target, old_state, cuts)
    _keep(target, text)
    confirm(policy.mode, kernel.listing())
    return cuts


def in_force(state: dict[str, Any]) -> Policy:
    """The policy that rules and daemons were given last; what has ended since then is still open in them."""
    return read_policy(place.read(CURRENT), int(state.get("at", 0)))


def takes_away(old: Policy, new: Policy) -> bool:
    """Whether something that was open is not any more."""
    kept = all(any(covers(n, e) and _opens(n.port, e.port) for n in new.allow) for e in old.allow)
    holes = any(not any(covers(d, e) for d in old.deny) for e in new.deny)
    closed = set(old.host) - set(new.host) or set(old.inbound) - set(new.inbound)
    return not kept or holes or bool(closed) or _RANK[new.mode] < _RANK[old.mode]


def _opens(port: int, other: int) -> bool:
    return port == other or (port == 0 and other in (80, 443))


def prepare(policy: Policy, state: dict[str, Any], dns_port: int, cut: bool, features: Features) -> Target:
    """Render all three files. Pure but for the container's facts and a look at free ports."""
    facts = environment.look(policy.resolvers)
    addresses = names.assign(policy, state["addresses"])
    ports = _assign_ports(policy, facts, addresses, state.get("ports", {}))
    fresh = {
        "mark": state["mark"] + (1 if cut else 0),
        "dns_port": dns_port,
        "addresses": addresses,
        "ports": {f"{port.target}:{port.port}": port.local for port in ports},
        "features": features._asdict(),
        "mode": policy.mode,
        "hash": policy.hash,
        "expires": policy.expires,
        "at": policy.at,
        "resolvers": list(facts.resolvers),
        "routed6": facts.routed6,
        "local6": facts.local6,
    }
    return Target(
        policy, facts, fresh, _rules(policy, facts, fresh, ports), web.render(policy, facts, ports), ports
    )


def restore() -> None:
    """Start the daemon that is not running, as the last change left it; put back rules that differ."""
    state = place.load_state()
    if place.read(place.SNAPSHOT) != kernel.listing():
        kernel.load(ruleset.FRESH + place.read(place.RUN + "/rules.nft"))
        confirm(state["mode"], kernel.listing())
    if state["mode"] == "off":
        return
    if not daemons.dns_pid(state["dns_port"]):
        daemons.sweep(place.FWDNS)
        daemons.settle(daemons.start_dns(state["dns_port"]), "dnsmasq")
    if not daemons.web_pid():
        daemons.sweep(place.FWPROXY)
        daemons.settle(daemons.start_web(), "nginx")


def load_addresses() -> dict[str, str]:
    """Addresses names have had in this container, so that none ever gets another's; kept over restarts."""
    import json

    text = place.read(place.KEEP + "/addresses.json")
    return dict(json.loads(text)) if text else {}


def _begin_daemons(target: Target) -> dict[str, run.Started]:
    if target.policy.mode == "off":
        return {}
    _write_configuration(target)
    return {"dnsmasq": daemons.start_dns(target.state["dns_port"]), "nginx": daemons.start_web()}


def _loaded(target: Target, rules: run.Started) -> Target:
    """See the rules loaded; where the kernel lacks a comfort, load them without it."""
    try:
        kernel.end_load(rules)
        return target
    except place.FirewallError:
        features = kernel.probe()
        if all(features):
            raise
    lesser = target.state | {"features": features._asdict()}
    text = _rules(target.policy, target.environment, lesser, target.ports)
    kernel.load(ruleset.FRESH + text)
    return target._replace(state=lesser, rules=text)


def _rules(policy: Policy, facts: Environment, state: dict[str, Any], ports: tuple[web.Port, ...]) -> str:
    plan = ruleset.Plan(
        mark=state["mark"],
        dns_port=state["dns_port"],
        ports=tuple((port.fake, port.port, port.local) for port in ports),
        features=Features(**state["features"]),
    )
    return ruleset.render(policy, facts, plan)


def _switch_daemons(target: Target, old: dict[str, Any], cut: bool) -> Target:
    """A new dnsmasq beside the old one, nginx told to reload, then the rules in one transaction: there is no
    moment in which neither answers.
    """
    before_web = place.read(daemons.WEB_CONF)
    place.write(_PROBED, target.web, 0o644)
    checking = daemons.begin_test_web(_PROBED)
    target, second = _start_second_dns(target, old["dns_port"])
    leaving: tuple[int, ...] = ()
    try:
        daemons.settle(checking, "nginx")
        if cut or target.web != before_web:
            place.write(daemons.WEB_CONF, target.web, 0o644)
            leaving = daemons.reload_web()
        kernel.load(target.rules)
    except (place.FirewallError, OSError):
        place.write(daemons.WEB_CONF, before_web, 0o644)
        if leaving:
            daemons.reload_web()
        daemons.stop(daemons.dns_pid(target.state["dns_port"]) if second else 0)
        raise
    if cut:
        for pid in leaving:
            daemons.stop(pid)
    daemons.stop(daemons.dns_pid(old["dns_port"]))
    if not second:
        _write_dns(target)
        daemons.settle(daemons.start_dns(old["dns_port"]), "dnsmasq")
    return target


def _start_second_dns(target: Target, taken: int) -> tuple[Target, bool]:
    """A dnsmasq on another port. False when the agent sits on all of them: the old one is then replaced in
    place, last, so that a tightened policy is in force whatever the agent holds.
    """
    for port in ruleset.DNS_PORTS:
        if port == taken:
            continue
        state = target.state | {"dns_port": port}
        moved = target._replace(
            state=state, rules=_rules(target.policy, target.environment, state, target.ports)
        )
        _write_dns(moved)
        try:
            daemons.settle(daemons.start_dns(port), "dnsmasq")
        except place.FirewallError:
            continue
        return moved, True
    return target, False


def _switch_off_or_on(target: Target, old: dict[str, Any]) -> None:
    if target.policy.mode == "off":
        kernel.load(target.rules)
        daemons.stop(daemons.web_pid())
        daemons.stop(daemons.dns_pid(old["dns_port"]))
        return
    if old["mode"] != "off":
        return
    # Closed first: the daemons have nothing to keep alive.
    kernel.load(target.rules)
    _write_configuration(target)
    daemons.settle(daemons.start_dns(target.state["dns_port"]), "dnsmasq")
    daemons.settle(daemons.start_web(), "nginx")


def _write_configuration(target: Target) -> None:
    _write_dns(target)
    place.write(daemons.WEB_CONF, target.web, 0o644)


def _write_dns(target: Target) -> None:
    port = target.state["dns_port"]
    text = names.render(target.policy, target.environment, target.state["addresses"], port)
    place.write(daemons.DNS_CONF.format(port=port), text, 0o644)


def _keep(target: Target, text: str) -> None:
    """Write down what is in force."""
    import json

    environment.point_resolv_here(target.policy.mode != "off", target.environment.local6)
    place.write(place.KEEP + "/addresses.json", json.dumps(target.state["addresses"]))
    place.write(place.RUN + "/rules.nft", target.rules)
    place.write(CURRENT, text)
    place.write(place.RUN + "/expires", f"{target.policy.expires}\n")
    place.write(place.RUN + "/dns_port", f"{target.state['dns_port']}\n")
    place.save_state(target.state | {"since": int(time.time())})


def confirm(mode: str, listing: str) -> None:
    """Keep the kernel's own words for the rules, to compare with before every session.

    Raises FirewallError when they are not closed, or not open where the policy says off.
    """
    if not listing or (mode == "off") == kernel.is_closed(listing):
        raise place.FirewallError("the rules in the kernel are not the ones that were set")
    place.write(place.SNAPSHOT, listing)


def _assign_ports(
    policy: Policy, facts: Environment, addresses: dict[str, str], known: dict[str, int]
) -> tuple[web.Port, ...]:
    wanted = [(e.name, addresses[e.name], e.port, e.name) for e in policy.allow if e.port not in (0, 80, 443)]
    if facts.gateway:
        wanted += [(names.HOST_NAME, ruleset.FAKE_HOST, port, facts.gateway) for port in policy.host]
    kept = {key: known[key] for _, _, port, target in wanted if (key := f"{target}:{port}") in known}
    free = (port for port in _LOCAL_PORTS if port not in kept.values() and _is_free(port))
    return tuple(
        web.Port(name, fake, port, kept.get(f"{target}:{port}") or next(free), target)
        for name, fake, port, target in sorted(set(wanted))
    )


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
