"""What the agent is told."""

from __future__ import annotations

from contenant.core.policy import Line, PolicyLayer, resolve
from contenant.core.policy_presets import all_presets, default_layer
from contenant.core.policy_readme import MAX_NAMES, readme
from contenant.suffixes import is_public_suffix


def told(**fields: object) -> str:
    layer = PolicyLayer("command", **fields)  # type: ignore[arg-type]
    return readme(resolve([default_layer(False), layer], all_presets({}), is_public_suffix, 0))


def lines(*texts: str) -> tuple[Line, ...]:
    return tuple(Line(text) for text in texts)


def test_everything_that_decides_is_named() -> None:
    text = told(
        allow=lines("*.example.com", "git.example.org:22", "host:5432"),
        deny=lines("bad.example.com"),
        inbound=("3000/tcp",),
    )
    for name in ("api.anthropic.com", "*.example.com", "git.example.org:22", "bad.example.com", "3000/tcp"):
        assert f"  {name}\n" in text
    assert "host.contenant.internal, ports:\n  5432\n" in text
    assert "host:5432" not in text
    assert 'contenant firewall allow NAME --reason "why it is needed"' in text


def test_the_modes_say_what_they_do() -> None:
    assert told().startswith("Network policy of this container: block\n")
    audit, off = told(mode="audit"), told(mode="off")
    assert audit.startswith("Network policy of this container: audit\n")
    assert "put on record" in audit
    assert off.startswith("Network policy of this container: off\n")
    assert "api.anthropic.com" not in off
    assert "contenant firewall allow" not in audit + off


def test_a_long_list_is_cut() -> None:
    text = told(allow=lines(*(f"n{number}.example.com" for number in range(MAX_NAMES + 5))))
    assert "… and 6 more: see policy.json" in text
