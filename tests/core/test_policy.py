"""Layers to one policy: precedence, tightening, expiry, hash, diff, why."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contenant.core.policy import (
    Line,
    Policy,
    PolicyLayer,
    canonical,
    command_to_allow,
    document,
    policy_hash,
    resolve,
    why,
)
from contenant.core.policy_diff import diff
from contenant.core.policy_presets import AGENT, TELEMETRY, all_presets, default_layer, presets_for
from contenant.errors import UsageError
from contenant.suffixes import is_public_suffix

NOW = 1_800_000_000
PRESETS = all_presets({"pip": ("index.pack.age", "files.pack.age"), "npm": ("npm.pack.age",), "apt": ()})


def lines(*texts: str) -> tuple[Line, ...]:
    return tuple(Line(text) for text in texts)


def made(*layers: PolicyLayer, now: int = NOW) -> Policy:
    return resolve([default_layer(telemetry=True), *layers], PRESETS, is_public_suffix, now)


def names(policy: Policy) -> set[str]:
    return {str(rule.pattern) for rule in policy.allow}


def test_the_base() -> None:
    assert names(made()) == {AGENT, *TELEMETRY}
    assert names(resolve([default_layer(telemetry=False)], PRESETS, is_public_suffix, NOW)) == {AGENT}
    assert made().mode == "block"


def test_later_layers_add_and_a_denial_beats_whatever_allows() -> None:
    user = PolicyLayer("user", deny=lines("sentry.io", "*.bad.example.com"))
    flag = PolicyLayer(
        "flag", allow=lines("sentry.io", "x.bad.example.com", "*.example.com", "ok.example.com")
    )
    policy = made(user, flag)
    assert names(policy) == {AGENT, TELEMETRY[0], "*.example.com", "ok.example.com"}
    assert [str(rule.pattern) for rule in policy.deny] == ["*.bad.example.com", "sentry.io"]


def test_an_untrusted_project_tightens_and_nothing_else() -> None:
    wish = PolicyLayer(
        "project",
        "audit",
        lines("evil.example.com"),
        lines("sentry.io"),
        lines("github"),
        ("3000/tcp",),
        False,
    )
    policy = made(wish)
    assert names(policy) == {AGENT, TELEMETRY[0]}
    assert policy.mode == "block"
    assert policy.inbound == ()
    told = " ".join(policy.left_out)
    assert all(word in told for word in ("evil.example.com", "github.com", "3000/tcp", "mode audit"))
    strict = made(PolicyLayer("user", "off"), PolicyLayer("project", "audit", may_widen=False))
    assert (strict.mode, strict.mode_layer) == ("audit", "project")


def test_a_trusted_project_widens() -> None:
    policy = made(PolicyLayer("project", "audit", lines("x.example.com"), presets=lines("login")))
    assert {"x.example.com", "claude.ai"} <= names(policy)
    assert policy.mode == "audit"
    assert policy.left_out == ()


def test_one_bad_line_refuses_the_whole() -> None:
    with pytest.raises(UsageError):
        made(PolicyLayer("user", allow=lines("good.example.com", "*.com")))
    with pytest.raises(UsageError, match="no such preset"):
        made(PolicyLayer("user", presets=lines("githubb")))
    with pytest.raises(UsageError, match="no port"):
        made(PolicyLayer("user", deny=lines("x.example.com:22")))
    with pytest.raises(UsageError, match="not a port"):
        made(PolicyLayer("user", inbound=("0/tcp",)))
    with pytest.raises(UsageError, match="at most"):
        made(PolicyLayer("user", allow=tuple(Line(f"h{n}.example.com") for n in range(2001))))


def test_a_bad_line_refuses_even_where_it_would_not_count() -> None:
    with pytest.raises(UsageError):
        made(PolicyLayer("project", allow=lines("*.com"), may_widen=False))
    with pytest.raises(UsageError):
        made(PolicyLayer("user", allow=(Line("*.com", until=NOW - 1),)))


def test_expiry() -> None:
    layer = PolicyLayer(
        "user", allow=(Line("soon.example.com", until=NOW + 60), Line("past.example.com", until=NOW))
    )
    assert "soon.example.com" in names(made(layer))
    assert "past.example.com" not in names(made(layer))
    assert "soon.example.com" not in names(made(layer, now=NOW + 60))
    twice = PolicyLayer("flag", allow=lines("soon.example.com"))
    assert next(r for r in made(layer, twice).allow if r.pattern.name == "soon.example.com").until == 0
    assert next(r for r in made(twice, layer).allow if r.pattern.name == "soon.example.com").until == 0


def test_presets_come_with_their_name() -> None:
    policy = made(PolicyLayer("user", presets=lines("registries", "github")))
    assert {"index.pack.age", "files.pack.age", "npm.pack.age", "github.com:22"} <= names(policy)
    assert next(r for r in policy.allow if r.pattern.name == "npm.pack.age").preset == "registries"


def test_the_hash_is_of_what_decides_only() -> None:
    one = made(PolicyLayer("user", allow=(Line("x.example.com", reason="a"), Line("y.example.com"))))
    other = made(PolicyLayer("flag", allow=(Line("Y.example.com."), Line("x.example.com", reason="b"))))
    assert canonical(one) == canonical(other)
    assert policy_hash(canonical(one)) != policy_hash(canonical(made()))
    assert json.loads(document(one))["hash"] == policy_hash(canonical(one))
    assert json.loads(document(one, ["192.0.2.53"]))["hash"] == policy_hash(canonical(one))


def test_the_document_has_what_the_container_reads() -> None:
    layer = PolicyLayer(
        "user",
        allow=(Line("git.example.com:22", until=NOW + 5), Line("host:5432"), Line("*.example.com")),
        deny=lines("no.example.com"),
        inbound=("8080", "53/udp"),
    )
    body = json.loads(document(resolve([layer], PRESETS, is_public_suffix, NOW)))["policy"]
    assert body == {
        "mode": "block",
        "allow": [{"name": "*.example.com"}, {"name": "git.example.com", "port": 22, "until": NOW + 5}],
        "deny": [{"name": "no.example.com"}],
        "host": [5432],
        "inbound": ["53/udp", "8080/tcp"],
    }


@pytest.mark.parametrize(
    ("host", "port", "allowed", "words"),
    [
        ("a.example.com", 443, True, "*.example.com (user, config.toml): docs"),
        ("no.example.com", 443, False, "denied by no.example.com (user)"),
        ("other.org", 443, False, "contenant firewall allow other.org --reason '…'"),
        ("other.org", 22, False, "contenant firewall allow other.org --port 22 --reason '…'"),
        ("claude.ai", 443, True, "of preset login (user)"),
        ("a.example.com", 22, False, "in no entry"),
        ("host", 5432, True, "host:5432"),
        ("host", 5433, False, "in no entry"),
    ],
)
def test_why(host: str, port: int, allowed: bool, words: str) -> None:
    layer = PolicyLayer(
        "user",
        allow=(Line("*.example.com", "docs", source="config.toml"), Line("host:5432")),
        deny=lines("no.example.com"),
        presets=lines("login"),
    )
    answer = why(made(layer), host, port)
    assert answer.allowed is allowed
    assert words in answer.text


def test_why_in_the_other_modes() -> None:
    assert why(made(PolicyLayer("user", "audit")), "evil.org").allowed
    assert not why(made(PolicyLayer("user", "audit")), "evil.org", 22).allowed
    assert why(made(PolicyLayer("user", "off")), "evil.org", 22).allowed
    with pytest.raises(UsageError):
        why(made(), "1.2.3.4")


def test_diff() -> None:
    old = PolicyLayer(
        "user",
        "audit",
        (Line("a.example.com"), Line("b.example.com")),
        lines("d.example.com"),
        inbound=("80",),
    )
    new = PolicyLayer("user", "block", (Line("a.example.com", until=NOW + 9), Line("c.example.com:22")))
    change = diff(canonical(made(old)), canonical(made(new)))
    assert change.opened == ("allow c.example.com:22", "deny d.example.com")
    assert change.closed == ("allow b.example.com", "inbound port 80/tcp", "mode block")
    assert change.changed == ("allow a.example.com",)
    assert change.tightens
    back = diff(canonical(made(new)), canonical(made(old)))
    assert (back.opened, back.closed) == (
        ("allow b.example.com", "inbound port 80/tcp", "mode audit"),
        ("allow c.example.com:22", "deny d.example.com"),
    )
    assert not diff(canonical(made(old)), canonical(made(old))).tightens


TEXTS = st.sampled_from(
    [
        "a.example.com",
        "b.example.com",
        "*.example.com",
        "*.b.example.com",
        "c.b.example.com",
        "host:80",
        "x.org:22",
    ]
)
LAYERS = st.builds(
    PolicyLayer,
    st.sampled_from(["user", "project", "flag"]),
    st.sampled_from([None, "block", "audit"]),
    st.lists(st.builds(Line, TEXTS, st.just(""), st.sampled_from([0, NOW + 1, NOW - 1])), max_size=4).map(
        tuple
    ),
    st.lists(st.builds(Line, TEXTS.filter(lambda t: ":" not in t), st.just(""), st.just(0)), max_size=2).map(
        tuple
    ),
    presets=st.just(()),
    inbound=st.just(()),
    may_widen=st.booleans(),
)


@given(st.lists(LAYERS, max_size=4))
def test_no_layer_that_may_not_widen_ever_widens(layers: list[PolicyLayer]) -> None:
    bound = [layer for layer in layers if layer.may_widen]
    free, full = made(*bound), made(*layers)
    assert names(full) <= names(free)
    for host in ("a.example.com", "b.example.com", "c.b.example.com", "z.example.com"):
        assert why(free, host).allowed or not why(full, host).allowed


@given(st.lists(LAYERS, max_size=4))
def test_a_denied_name_is_never_in_force(layers: list[PolicyLayer]) -> None:
    policy = made(*[layer._replace(mode="block") for layer in layers])
    for layer in layers:
        for line in layer.deny:
            assert not why(policy, line.text.replace("*.", "deep.down.")).allowed


def test_suggestions() -> None:
    assert presets_for("github.com", 22, PRESETS, is_public_suffix) == ("github",)
    assert presets_for("npm.pack.age", 443, PRESETS, is_public_suffix) == ("npm", "registries")
    assert presets_for("nowhere.org", 443, PRESETS, is_public_suffix) == ()
    assert command_to_allow("x.org", 80) == "contenant firewall allow x.org --reason '…'"
