"""Hosts of package registries, from what the tools themselves say and from their configuration files. Pure.

The image's `firewall/registries` prints what the tools of the image say, as `TOOL<tab>WORD` lines; the
readers below also take the texts of configuration files. Nothing here knows a registry's name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from contenant.core.policy_names import parse_name
from contenant.errors import UsageError

TOOLS = ("pip", "npm", "apt", "cargo", "go")
_URL = re.compile(r"\b(?:https?|sparse\+https?|git\+https?)://([^\s/\"'<>|,\]\[]+)", re.IGNORECASE)
_KEYS = {
    "pip": re.compile(
        r"^\s*(?:[\w-]+\.)?(?:extra-)?index-url\s*=|^\s*find-links\s*=|^\s+\S+://", re.IGNORECASE
    ),
    "npm": re.compile(r"^\s*(?:@[\w.-]+:)?registry\s*=", re.IGNORECASE),
    "apt": re.compile(r"^\s*(?:deb(?:-src)?\s|uris:|\s+\S+://)", re.IGNORECASE),
    "cargo": re.compile(r"^\s*(?:index|registry|dl|api)\s*=", re.IGNORECASE),
    "go": re.compile(r"^\s*(?:set\s+)?GO(?:PROXY|SUMDB)\s*=", re.IGNORECASE),
}


def read_configuration(tool: str, text: str) -> tuple[str, ...]:
    """Hosts in a tool's configuration file: pip.conf, .npmrc, sources.list or *.sources, cargo's config.toml,
    go's env file. Comments, credentials and ports are left out; a line that holds no usable host is ignored.
    """
    lines = (line for line in text.splitlines() if not line.lstrip().startswith(("#", ";")))
    return _hosts(match for line in lines if _KEYS[tool].search(line) for match in _URL.findall(line))


def read_report(text: str) -> dict[str, tuple[str, ...]]:
    """What `firewall/registries` printed -> hosts per tool."""
    found: dict[str, list[str]] = {tool: [] for tool in TOOLS}
    for line in text.splitlines():
        tool, tab, word = line.partition("\t")
        if tab and tool in found:
            found[tool] += [_URL.findall(word)[0]] if _URL.search(word) else [word.strip()]
    return {tool: _hosts(words) for tool, words in found.items()}


def joined(parts: Iterable[Mapping[str, Iterable[str]]]) -> dict[str, tuple[str, ...]]:
    """Several findings as one, tool by tool."""
    merged: dict[str, set[str]] = {tool: set() for tool in TOOLS}
    for part in parts:
        for tool, hosts in part.items():
            merged[tool] |= set(hosts)
    return {tool: tuple(sorted(hosts)) for tool, hosts in merged.items()}


def _hosts(words: Iterable[str]) -> tuple[str, ...]:
    """Host entries of URL authorities: no credentials; a port stays unless it is the web's own."""
    found = set()
    for word in words:
        host, colon, port = word.rpartition("@")[2].partition(":")
        try:
            name = parse_name(host)
        except UsageError:
            continue
        plain = not colon or port in ("80", "443")
        if plain or port.isdigit():
            found.add(name if plain else f"{name}:{int(port)}")
    return tuple(sorted(found))
