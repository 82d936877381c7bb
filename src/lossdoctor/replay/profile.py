"""What a gradient's profile over time says: time constant, growth, memory horizon. NumPy only.

A profile is an array (T,) of log10 norms in the order in which the direction works
(`DirectionReplay.dh_norm`); k counts steps back from where the loss enters, by default the last step with a
gradient. Steps with none at all are -inf. The measures are those of Pascanu, Mikolov, Bengio 2013 (growth or
decay by a factor a step).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .result import Floats

_MOST_POINTS = 256
_FLOOR = 8.0
_LN10 = math.log(10.0)


@dataclass(frozen=True)
class Profile:
    """`time_constant` in steps, `growth` as a factor a step going back, `horizon` in steps, `steps` how many
    steps back the profile reaches, `range` log10(norm at the earliest step / norm where the loss enters)."""

    time_constant: float
    growth: float
    horizon: float
    steps: int
    range: float


def backwards(profile: Floats, entry: int | None = None) -> Floats:
    """The profile over k = 0, 1, ...: from `entry` (index; by default the last step that is not -inf) back
    to the first step. Empty if there is no gradient at all."""
    profile = np.asarray(profile, dtype=np.float64)
    if entry is None:
        told = np.flatnonzero(~np.isneginf(profile))
        if told.size == 0:
            return profile[:0]
        entry = int(told[-1])
    return profile[: entry + 1][::-1] if entry >= 0 else profile[: profile.size + entry + 1][::-1]


def slope(values: Floats) -> float:
    """Theil-Sen: the median of the slopes between all pairs of finite points; nan with fewer than two."""
    places = np.flatnonzero(np.isfinite(values))
    if places.size < 2:
        return math.nan
    if places.size > _MOST_POINTS:
        places = places[np.linspace(0, places.size - 1, _MOST_POINTS).round().astype(np.int64)]
    first, second = np.triu_indices(places.size, k=1)
    rises = (values[places[second]] - values[places[first]]) / (places[second] - places[first])
    return float(np.median(rises))


def time_constant(profile: Floats, entry: int | None = None) -> float:
    """Steps in which the norm falls to 1/e going back: -1 / slope of ln norm, over the decaying part (from
    the largest norm until 1e-8 of it: what lies below teaches nothing). inf if it does not decay, nan for
    under three steps."""
    back = backwards(profile, entry)
    if np.isfinite(back).sum() < 3:
        return math.nan
    peak = int(np.nanargmax(np.where(np.isfinite(back), back, -np.inf)))
    below = np.flatnonzero(back[peak:] < back[peak] - _FLOOR)
    end = back.size if below.size == 0 else max(peak + int(below[0]) + 1, peak + 3)
    steep = slope(back[peak:end]) * _LN10
    return math.inf if math.isnan(steep) or steep > -1e-9 else -1.0 / steep


def growth(profile: Floats, entry: int | None = None) -> float:
    """Factor by which the norm grows with each step back (below 1: it vanishes); nan for under two steps."""
    steep = slope(backwards(profile, entry))
    return math.nan if math.isnan(steep) else 10.0 ** min(steep, 300.0)


def horizon(profile: Floats, threshold: float = 1e-3, entry: int | None = None) -> float:
    """The memory horizon: smallest k at which the norm is below `threshold` times the largest so far. inf if
    it is nowhere (the memory reaches over the whole window), nan without any gradient.

    Where the loss enters at every step the total gradient looks flat: take a replay with only_last=True.
    """
    back = backwards(profile, entry)
    if back.size == 0:
        return math.nan
    largest = np.maximum.accumulate(np.where(np.isnan(back), -np.inf, back))
    below = np.flatnonzero(back < largest + math.log10(threshold))
    return float(below[0]) if below.size else math.inf


def describe(profile: Floats, threshold: float = 1e-3, entry: int | None = None) -> Profile:
    """All of it. A `range` of -inf says that no gradient reaches the first step."""
    back = backwards(profile, entry)
    return Profile(
        time_constant=time_constant(profile, entry),
        growth=growth(profile, entry),
        horizon=horizon(profile, threshold, entry),
        steps=int(back.size),
        range=float(back[-1] - back[0]) if back.size and np.isfinite(back[0]) else math.nan,
    )
