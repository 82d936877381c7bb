"""Axes: where a number stands, as a share of the axis, and which ticks to write."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from lossdoctor.words import short

__all__ = ["Axis", "Tick", "fitted", "spread"]

MARGIN = 0.05
"""Share of the range left free above and below the data."""


@dataclass(frozen=True, slots=True)
class Tick:
    """`at` is a share of the axis in [0, 1], from the left or from the bottom."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Axis:
    """From `low` to `high`, which are log10 of the numbers where `log`."""

    low: float
    high: float
    log: bool = False

    def share(self, value: float | None) -> float | None:
        """Where `value` stands, or None where it cannot stand on this axis (a gap)."""
        if value is None or not math.isfinite(value) or (self.log and value <= 0):
            return None
        number = math.log10(value) if self.log else value
        return (number - self.low) / (self.high - self.low)

    def ticks(self, count: int = 5, *, whole: bool = False) -> tuple[Tick, ...]:
        """About `count` round numbers on the axis; whole ones only, with `whole`."""
        if self.log:
            numbers = _log_ticks(self.low, self.high, count)
        else:
            step = _round_step((self.high - self.low) / max(1, count))
            step = max(1.0, step) if whole else step
            first = math.ceil(self.low / step - 1e-9)
            last = math.floor(self.high / step + 1e-9)
            numbers = [k * step for k in range(first, last + 1)]
        out = []
        for number in numbers:
            at = self.share(number)
            if at is not None and -1e-9 <= at <= 1 + 1e-9:
                label = short(round(number)) if whole else short(float(f"{number:.10g}"))
                out.append(Tick(min(1.0, max(0.0, at)), label.replace("-", "\u2212", 1) if number < 0 else label))
        return tuple(out)


def fitted(values: Sequence[float], *, log: bool = False, margin: float = MARGIN) -> Axis:
    """An axis that holds all finite `values`; one of width zero is widened."""
    real = [v for v in values if math.isfinite(v) and (v > 0 or not log)]
    if log:
        real = [math.log10(v) for v in real]
    if not real:
        return Axis(-1.0, 0.0, True) if log else Axis(0.0, 1.0)
    low, high = min(real), max(real)
    if high - low < 1e-12 * max(1e-300, abs(high), abs(low)) or high == low:
        wider = 0.5 if log else max(abs(high) * 0.1, 1e-12)
        low, high = low - wider, high + wider
    room = (high - low) * margin
    floor = low - room
    if not log and low >= 0 > floor:
        floor = 0.0
    return Axis(floor, high + room, log)


def spread(count: int, most: int) -> tuple[int, ...]:
    """At most `most` of the indices 0 .. count-1, evenly apart."""
    step = max(1, math.ceil(count / max(1, most)))
    return tuple(range(0, count, step))


def _round_step(rough: float) -> float:
    if rough <= 0 or not math.isfinite(rough):
        return 1.0
    power = 10.0 ** math.floor(math.log10(rough))
    return next(m * power for m in (1.0, 2.0, 2.5, 5.0, 10.0) if m * power >= rough * 0.999)


def _log_ticks(low: float, high: float, count: int) -> list[float]:
    first, last = math.ceil(low - 1e-9), math.floor(high + 1e-9)
    if high - low < 2:
        fine = [m * 10.0**d for d in range(first - 1, last + 1) for m in (1, 2, 5)]
        found = [v for v in fine if low - 1e-9 <= math.log10(v) <= high + 1e-9]
        if len(found) >= 2:
            return found
        return [10.0 ** (low + (high - low) * k / 4) for k in range(5)]
    step = max(1, math.ceil((last - first + 1) / (count + 1)))
    return [10.0**d for d in range(first, last + 1, step)]
