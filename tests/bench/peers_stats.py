"""Quantiles of a series of walls, and whether the series can be believed. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median, quantiles
from typing import NamedTuple

APART = 0.15  # by which the medians of a run's halves may differ


class Summary(NamedTuple):
    """What is said of a series, in the unit of its values."""

    n: int
    p50: float
    p90: float
    halves: tuple[float, float]  # median of the first half of the rounds, and of the last

    @property
    def steady(self) -> bool:
        """Whether the halves agree; what does not hold still over one run is no measurement."""
        low, high = sorted(self.halves)
        return high <= low * (1 + APART)


def summarise(values: Sequence[float]) -> Summary:
    """The summary of values in the order in which they were measured; the middle one of an odd number
    belongs to neither half. Between two values a quantile is interpolated.

    Raises ValueError for fewer than four.
    """
    if len(values) < 4:
        raise ValueError(f"{len(values)} values are no series")
    half = len(values) // 2
    p90 = quantiles(values, n=10, method="inclusive")[8]
    return Summary(len(values), median(values), p90, (median(values[:half]), median(values[-half:])))
