"""The part that runs in the container, without one: reading a policy, rendering, parsing records."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contenant.core import policy as core
from contenant.core.policy_names import parse_pattern
from contenant.errors import UsageError

NOW = 1_800_000_000


@pytest.fixture(scope="module")
def fw() -> Iterator[SimpleNamespace]:
    """The modules of image/firewall/fw, as the container imports them."""
    directory = str(Path(__file__).parents[2] / "image/firewall")
    sys.path.insert(0, directory)
    try:
        from fw import change, environment, ledger, names, policy, ruleset, selftest, web

        yield SimpleNamespace(
            change=change,
            environment=environment,
            ledger=ledger,
            names=names,
            policy=policy,
            ruleset=ruleset,
            selftest=selftest,
            web=web,
        )
    finally:
        sys.path.remove(directory)
        for name in [name for name in sys.modules if name == "fw" or name.startswith("fw.")]:
            del sys.modules[name]


def read(fw: SimpleNamespace, body: dict[str, Any], now: int = NOW) -> Any:
    return fw.policy.read_policy(json.dumps({"format": 1, "policy": {"mode": "block", **body}}), now)


def facts(fw: SimpleNamespace, **changes: Any) -> Any:
    given = {
        "resolvers": ("10.0.0.53",),
        "gateway": "10.0.0.1",
        "local6": True,
        "routed6": True,
        "files": 1024,
    }
    return fw.environment.Environment(**{**given, **changes})


TEXTS = st.text(alphabet="abcXYZ019-_.*:/ \t\n;{}$\"'\\\0é", max_size=30) | st.sampled_from(
    ["a.example.com", "*.example.com", "*.b.example.com", "x.org:22", "host:80", "1.2.3.4", "a" * 63 + ".org"]
)


@given(st.lists(TEXTS, max_size=5), st.lists(TEXTS, max_size=3))
def test_the_container_takes_whatever_the_host_makes(
    fw: SimpleNamespace, allow: list[str], deny: list[str]
) -> None:
    layer = core.PolicyLayer("user", None, tuple(map(core.Line, allow)), tuple(map(core.Line, deny)))
    try:
        made = core.resolve([layer], {}, lambda name: "." not in name, NOW)
    except UsageError:
        return
    found = fw.policy.read_policy(core.document(made), NOW)
    assert found.hash == core.policy_hash(core.canonical(made))
    named = [rule for rule in made.allow if rule.pattern.name != "host"]
    assert {(e.name, e.wildcard, e.port) for e in found.allow} == {tuple(rule.pattern) for rule in named}
    assert set(found.host) == {rule.pattern.port for rule in made.allow if rule.pattern.name == "host"}


@given(TEXTS)
def test_a_name_the_container_takes_is_harmless_in_every_file(fw: SimpleNamespace, text: str) -> None:
    try:
        policy = read(fw, {"allow": [{"name": text}]})
    except fw.policy.PolicyError:
        return
    assert set(text) <= set("abcdefghijklmnopqrstuvwxyz0123456789-_.*")
    assert parse_pattern(text, lambda name: False).name == policy.allow[0].name


KEYS = ["format", "hash", "policy", "mode", "allow", "deny", "host", "inbound", "name", "port", "until"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=8,
)


@given(JSON)
def test_no_input_is_more_than_refused(fw: SimpleNamespace, data: Any) -> None:
    for text in (json.dumps(data), json.dumps({"format": 1, "policy": data})):
        try:
            fw.policy.read_policy(text, NOW)
        except fw.policy.PolicyError:
            continue


@pytest.mark.parametrize(
    "body",
    [
        {"allow": [{"name": "a.example", "port": 0}]},
        {"allow": [{"name": "a.example", "port": True}]},
        {"allow": [{"name": "a.example", "until": -1}]},
        {"allow": [{"name": "a.example", "until": 1.5}]},
        {"allow": [{"name": "*.a.example", "port": 22}]},
        {"allow": [{"name": "a.example", "more": 1}]},
        {"allow": [{"name": 5}]},
        {"allow": {"name": "a.example"}},
        {"allow": ["a.example"]},
        {"allow": [{"name": f"h{n}.example"} for n in range(2001)]},
        {"deny": [{"name": "a.example", "port": 22}]},
        {"host": [0]},
        {"host": ["22"]},
        {"inbound": ["3000"]},
        {"inbound": ["3000/sctp"]},
        {"inbound": ["٣/tcp"]},
        {"more": 1},
        {"mode": "open"},
    ],
    ids=range(18),
)
def test_bad_policies(fw: SimpleNamespace, body: dict[str, Any]) -> None:
    with pytest.raises(fw.policy.PolicyError):
        read(fw, body)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.53",
        "0.0.0.0",
        "224.0.0.1",
        "::1",
        "::",
        "ff02::1",
        "::ffff:1.2.3.4",
        "fe80::1%eth0",
        "x",
        "1.2.3",
        5,
    ],
)
def test_bad_resolvers(fw: SimpleNamespace, address: object) -> None:
    text = json.dumps({"format": 1, "resolvers": [address], "policy": {"mode": "block"}})
    with pytest.raises(fw.policy.PolicyError):
        fw.policy.read_policy(text, NOW)


def test_what_is_denied_is_not_allowed(fw: SimpleNamespace) -> None:
    names = ("x.bad.a.example", "*.bad.a.example", "*.a.example", "bad.a.example")
    found = read(fw, {"allow": [{"name": name} for name in names], "deny": [{"name": "*.bad.a.example"}]})
    assert {(e.name, e.wildcard) for e in found.allow} == {("a.example", True), ("bad.a.example", False)}


def test_ends(fw: SimpleNamespace) -> None:
    body = {"allow": [{"name": "a.example", "until": NOW + 5}, {"name": "b.example", "until": NOW}]}
    assert [entry.name for entry in read(fw, body).allow] == ["a.example"]
    assert read(fw, body).expires == NOW + 5
    assert read(fw, body, NOW + 5).allow == ()
    assert read(fw, body, NOW + 5).expires == 0


@pytest.mark.parametrize(
    ("old", "new", "cuts"),
    [
        ({}, {"allow": [{"name": "a.example"}]}, False),
        ({"allow": [{"name": "a.example"}]}, {}, True),
        ({"allow": [{"name": "a.b.example"}]}, {"allow": [{"name": "*.b.example"}]}, False),
        ({"allow": [{"name": "a.example", "port": 443}]}, {"allow": [{"name": "a.example"}]}, False),
        ({"allow": [{"name": "a.example", "port": 22}]}, {"allow": [{"name": "a.example"}]}, True),
        ({"allow": [{"name": "a.example"}]}, {"allow": [{"name": "a.example", "port": 443}]}, True),
        (
            {"allow": [{"name": "*.e.example"}]},
            {"allow": [{"name": "*.e.example"}], "deny": [{"name": "a.e.example"}]},
            True,
        ),
        ({"mode": "audit"}, {"mode": "block"}, True),
        ({"mode": "audit"}, {"mode": "off"}, False),
        ({"host": [80]}, {}, True),
        ({"inbound": ["80/tcp"]}, {}, True),
    ],
)
def test_when_a_change_cuts(
    fw: SimpleNamespace, old: dict[str, Any], new: dict[str, Any], cuts: bool
) -> None:
    assert fw.change.takes_away(read(fw, old), read(fw, new)) is cuts


def test_an_entry_that_has_ended_is_not_taken_away_again(
    fw: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The container took it out and cut; the host's next policy, without it, is no reason to cut again."""
    body = {"mode": "block", "allow": [{"name": "a.example", "until": NOW + 5}, {"name": "b.example"}]}
    text = json.dumps({"format": 1, "policy": body})
    monkeypatch.setattr(fw.change.place, "read", lambda path: text)
    before, after = fw.change.in_force({"at": NOW}), fw.change.in_force({"at": NOW + 5})
    fresh = read(fw, {"allow": [{"name": "b.example"}]}, NOW + 60)
    assert fw.change.takes_away(before, fresh)
    assert not fw.change.takes_away(after, fresh)


def test_addresses_are_never_given_to_another_name(fw: SimpleNamespace) -> None:
    def policy(*names: str) -> Any:
        return read(fw, {"allow": [{"name": name, "port": 22} for name in names]})

    first = fw.names.assign(policy("a.example", "b.example"), {})
    later = fw.names.assign(policy("c.example"), first)
    assert {**later, **first} == later
    many = fw.names.assign(policy(*(f"h{n}.example" for n in range(1500))), {})
    assert len(set(many.values())) == 1500
    assert all(address.startswith(("198.18.", "198.19.")) for address in many.values())
    assert not {fw.ruleset.FAKE_ANY, fw.ruleset.FAKE_AUDIT, fw.ruleset.FAKE_HOST} & set(many.values())


@pytest.mark.parametrize("local6", [True, False])
def test_the_rules_close_by_default(fw: SimpleNamespace, local6: bool) -> None:
    policy = read(fw, {"allow": [{"name": "a.example", "port": 2222}], "host": [5432], "inbound": ["53/udp"]})
    features = fw.ruleset.Features(reject=False, record=False)
    plan = fw.ruleset.Plan(7, 10053, (("198.18.1.1", 2222, 20000),), features)
    text = fw.ruleset.render(policy, facts(fw, local6=local6), plan)
    for hook in ("output", "input", "forward"):
        assert f"type filter hook {hook} priority filter; policy drop;" in text
    assert "udp dport 53 accept" in text
    assert "tcp dport { 80, 443, 2222 } ct mark set 7 accept" in text
    assert "ip daddr 10.0.0.1 tcp dport { 5432 } ct mark set 7 accept" in text
    assert ("::1" in text.replace("ip6 daddr ::1 drop", "")) is local6
    assert "reject" not in text
    assert "counter" not in text
    private, public = text.index("ip daddr { 0.0.0.0/8"), text.index("tcp dport { 80, 443")
    assert private < public


def test_there_is_no_upstream_for_the_resolver(fw: SimpleNamespace) -> None:
    policy = read(
        fw, {"allow": [{"name": "a.example"}, {"name": "*.w.example"}], "deny": [{"name": "no.w.example"}]}
    )
    lines = fw.names.render(policy, facts(fw), {}, 10053).splitlines()
    assert not [line for line in lines if line.startswith(("server", "resolv-file", "rev-server"))]
    assert "no-resolv" in lines
    assert lines[-1] == "local=/#/"
    assert "local=/no.w.example/" in lines


def test_docker_s_own_resolver_is_looked_through(fw: SimpleNamespace) -> None:
    text = "nameserver 127.0.0.11\noptions ndots:0\n# ExtServers: [10.9.8.7 host(127.0.0.53)]\n"
    assert fw.environment._from_engine(text) == ("10.9.8.7",)
    assert fw.environment._from_engine("nameserver 127.0.0.11\n") == ()
    assert fw.environment._from_engine("nameserver fe80::1%eth0\nnameserver 192.168.64.1\n") == (
        "192.168.64.1",
    )


HEAD = "Nov  3 13:21:11 dnsmasq[14]: "


def dns(fw: SimpleNamespace, policy: Any, *lines: str) -> list[tuple[str, str, int]]:
    """Name, verdict and count of what dnsmasq's lines come to."""
    rows = fw.ledger._dns([line if line == "garbage" else HEAD + line for line in lines], policy)
    return [(row["name"], row["verdict"], row["count"]) for row in rows]


def asked(name: str, **answers: str) -> list[str]:
    """What dnsmasq writes about a name, type by type."""
    return [
        line
        for kind, answer in answers.items()
        for line in (f"query[{kind}] {name} from 127.0.0.1", f"config {name} is {answer}")
    ]


def test_one_look_up_counts_once(fw: SimpleNamespace) -> None:
    policy = read(fw, {"allow": [{"name": "x.example"}]})
    both = asked("y.example", A="NXDOMAIN", AAAA="NXDOMAIN", HTTPS="NXDOMAIN")
    assert dns(fw, policy, *both) == [("y.example", "deny", 1)]
    assert dns(fw, policy, *both, *both[:2]) == [("y.example", "deny", 2)]
    # Cut between question and answer: nothing of it is lost.
    assert dns(fw, policy, *both[1:]) == [("y.example", "deny", 1)]
    assert dns(fw, policy, *both[:1]) == []


def test_a_blocked_name_above_an_allowed_one_is_denied(fw: SimpleNamespace) -> None:
    policy = read(fw, {"allow": [{"name": "api.y.example"}, {"name": "*.w.example"}]})
    nothing = {"A": "NODATA-IPv4", "AAAA": "NODATA-IPv6"}
    assert dns(fw, policy, *asked("y.example", **nothing)) == [("y.example", "deny", 1)]
    found = {"A": "198.18.0.1", "AAAA": "NODATA-IPv6"}
    assert dns(fw, policy, *asked("api.y.example", **found)) == [("api.y.example", "allow", 1)]
    assert dns(fw, policy, *asked("a.b.w.example", HTTPS="NODATA")) == [("a.b.w.example", "allow", 1)]


def test_audit_tells_whatever_block_would_refuse(fw: SimpleNamespace) -> None:
    entries = {"allow": [{"name": "*.w.example"}], "deny": [{"name": "no.w.example"}]}
    policy = read(fw, {"mode": "audit", **entries})
    for name, verdict in (
        ("x.example", "would-deny"),
        ("no.w.example", "would-deny"),
        ("a.w.example", "allow"),
    ):
        assert dns(fw, policy, *asked(name, A="198.18.0.2", AAAA="100::1")) == [(name, verdict, 1)]
    text = fw.names.render(policy, facts(fw), {}, 10053)
    assert "no.w.example" not in text
    assert {"address=/#/198.18.0.2", "address=/#/100::1"} <= set(text.splitlines())


def test_the_host_s_own_name_is_allowed_with_a_service(fw: SimpleNamespace) -> None:
    lines = asked("host.contenant.internal", A="198.18.0.3")
    assert dns(fw, read(fw, {"host": [5432]}), *lines)[0][1] == "allow"
    assert dns(fw, read(fw, {}), *lines)[0][1] == "deny"


def test_records(fw: SimpleNamespace) -> None:
    policy = read(fw, {})
    assert dns(fw, policy, *asked("self-test.contenant.invalid", A="NXDOMAIN")) == []
    assert dns(fw, policy, "config error is REFUSED (EDE: not ready)", "garbage") == []
    assert dns(fw, policy, 'config "\\evil is NXDOMAIN') == [("??evil", "deny", 1)]
    # A name may hold anything printable, what looks like an answer too.
    for name in ("a b.example", "x.example is 198.18.0.1"):
        assert dns(fw, policy, *asked(name, A="NXDOMAIN")) == [(name.replace(" ", "?"), "deny", 1)]
    for line in (
        "{",
        "[]",
        '{"ts":"x","layer":"tls","verdict":"deny"}',
        '{"ts":"1","layer":"ssh","verdict":"deny"}',
    ):
        assert list(fw.ledger._proxy(line)) == []
    tried = '"dst":"[2a00::1]:443, 1.2.3.4:443"'
    line = f'{{"ts":"5.5","layer":"tls","verdict":"allow","name":"a",{tried},"sent":1,"received":2}}'
    row = next(fw.ledger._proxy(line))
    assert (row["dst"], row["port"], row["sent"], row["received"]) == ("1.2.3.4", 443, 1, 2)


def test_the_greeting_is_a_client_hello_for_that_name(fw: SimpleNamespace) -> None:
    import ssl

    seen: list[str | None] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.sni_callback = lambda connection, name, _: seen.append(name)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    incoming.write(fw.selftest.greeting("some.name.example"))
    with pytest.raises(ssl.SSLError):
        context.wrap_bio(incoming, outgoing, server_side=True).do_handshake()
    assert seen == ["some.name.example"]
