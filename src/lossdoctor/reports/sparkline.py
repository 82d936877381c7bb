"""A curve in one line of text."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from lossdoctor.words import Arm

__all__ = ["arm_range", "resampled", "sparkline"]

BARS = "▁▂▃▄▅▆▇█"
ASCII_BARS = "_.-=+*#@"


def sparkline(values: Sequence[float | None], low: float, high: float, *, bars: str = BARS) -> str:
    """One character a value; a gap is a space. Values outside [low, high] sit at its ends."""
    if not values:
        return ""
    span = high - low
    out = []
    for value in values:
        if value is None or not math.isfinite(value):
            out.append(" ")
            continue
        share = 0.0 if span <= 0 else (value - low) / span
        out.append(bars[min(len(bars) - 1, max(0, int(share * len(bars))))])
    return "".join(out)


def resampled(values: Sequence[float | None], count: int) -> list[float | None]:
    """`values` as `count` means of equal stretches (fewer where there are fewer); gaps are left out
    of a mean, and a stretch of gaps alone is one."""
    count = min(count, len(values))
    out: list[float | None] = []
    for k in range(count):
        part = values[k * len(values) // count : (k + 1) * len(values) // count]
        real = [value for value in part if value is not None and math.isfinite(value)]
        out.append(sum(real) / len(real) if real else None)
    return out


def arm_range(arms: Iterable[Arm], measure: str) -> tuple[float, float]:
    """The common scale of all arms of one measure, so that their lines can be compared. Skill starts
    at 0 or below, and is cut at -1: what lies under it is equally hopeless."""
    values = [
        value
        for arm in arms
        if arm.measure == measure
        for value in arm.curve[1]
        if value is not None and math.isfinite(value)
    ]
    if not values:
        return (0.0, 1.0)
    if measure == "skill":
        return (max(-1.0, min(0.0, *values)), max(0.05, *values))
    return (min(values), max(values))
