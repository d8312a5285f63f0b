"""Named groups of entries. Pure tables; hosts of package registries are in none of them.

Those come from the tools' own configuration at run time (`policy_registries`), so that what is opened is what
is used, mirrors included.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from contenant.core.policy import Line, PolicyLayer
from contenant.core.policy_names import Pattern, SuffixTest, opens, parse_pattern

AGENT = "api.anthropic.com"  # Anthropic, "Network configuration": the one host that is always needed
TELEMETRY = ("statsig.anthropic.com", "sentry.io")  # anybody can own a project at the second

# Sources: Anthropic, "Network configuration"; GitHub, "About self-hosted runners" (hosts its tools use);
# GitLab, "GitLab.com settings".
STATIC: Mapping[str, tuple[str, ...]] = {
    "login": ("claude.ai", "claude.com", "platform.claude.com"),
    "connectors": ("mcp-proxy.anthropic.com",),
    "updates": ("downloads.claude.ai",),
    "github": (
        "github.com",
        "github.com:22",
        "api.github.com",
        "codeload.github.com",
        "uploads.github.com",
        "raw.githubusercontent.com",
        "objects.githubusercontent.com",
        "release-assets.githubusercontent.com",
        "github-cloud.githubusercontent.com",
        "github-cloud.s3.amazonaws.com",
    ),
    "gitlab": ("gitlab.com", "gitlab.com:22"),
    "bitbucket": ("bitbucket.org", "bitbucket.org:22", "api.bitbucket.org"),
}
# Presets whose hosts are found out: preset -> tools of `policy_registries`.
FOUND: Mapping[str, tuple[str, ...]] = {
    "registries": ("pip", "npm", "apt"),
    "pypi": ("pip",),
    "npm": ("npm",),
    "debian": ("apt",),
    "crates": ("cargo",),
    "go": ("go",),
}


def default_layer(telemetry: bool) -> PolicyLayer:
    """The layer everything stands on. Without telemetry only the agent's own host."""
    names = (AGENT, *TELEMETRY) if telemetry else (AGENT,)
    return PolicyLayer("default", "block", tuple(Line(name) for name in names))


def all_presets(hosts: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """Every preset, with `hosts` (tool -> hosts) for those that are found out."""
    found = {
        name: tuple(sorted({host for tool in tools for host in hosts.get(tool, ())}))
        for name, tools in FOUND.items()
    }
    return {**STATIC, **found}


def presets_for(
    name: str, port: int, presets: Mapping[str, Sequence[str]], is_public_suffix: SuffixTest
) -> tuple[str, ...]:
    """Presets that would open a host, smallest first: what to suggest for a host that was blocked."""
    fitting = [
        preset
        for preset, texts in presets.items()
        if any(opens(_pattern(text, is_public_suffix), name, port) for text in texts)
    ]
    return tuple(sorted(fitting, key=lambda preset: (len(presets[preset]), preset)))


def _pattern(text: str, is_public_suffix: SuffixTest) -> Pattern:
    return parse_pattern(text, is_public_suffix)
