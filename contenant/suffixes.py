"""Public suffixes: names below which strangers can own names (publicsuffix.org). Read when a wildcard is."""

from __future__ import annotations

from functools import cache
from typing import Any


@cache
def _suffixes() -> Any:
    # 40 ms to read; only policies with a wildcard pay for it.
    from publicsuffixlist import PublicSuffixList

    return PublicSuffixList()


def is_public_suffix(name: str) -> bool:
    """Whether a name in punycode is a public suffix, those of companies such as hosting services included."""
    return bool(_suffixes().is_public(name))
