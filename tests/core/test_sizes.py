"""Bytes for people: short, and never more than they are said to be by more than the last digit."""

from __future__ import annotations

import pytest

from contenant.core.sizes import size


@pytest.mark.parametrize(
    ("count", "decimal", "binary"),
    [
        (0, "0 B", "0 B"),
        (999, "999 B", "999 B"),
        (1000, "1.0 kB", "1.0 KiB"),
        (1024, "1.0 kB", "1.0 KiB"),
        (9_949, "9.9 kB", "9.7 KiB"),
        (9_960, "10 kB", "9.7 KiB"),
        (999_499, "999 kB", "976 KiB"),
        (999_500, "1.0 MB", "976 KiB"),
        (812 * 1024**2, "851 MB", "812 MiB"),
        (4 * 1024**3, "4.3 GB", "4.0 GiB"),
        (12 * 10**9, "12 GB", "11 GiB"),
        (5 * 10**21, "5000 EB", "4337 EiB"),
    ],
)
def test_size(count: int, decimal: str, binary: str) -> None:
    assert (size(count), size(count, binary=True)) == (decimal, binary)
