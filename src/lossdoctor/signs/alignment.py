"""Do targets stand beside their own inputs? Shifts, and the places of the targets in the recorded series."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..baselines.dependence import FOLDS, Dependence, dependence, explained, window_features
from .pairs import Floats, Pairs, pairs_of
from .recorded import Recorded, recorded
from .tables import row_shift

if TYPE_CHECKING:
    from .chart import Signs

GAIN = 0.15
"""Skill that a ridge must win by the rows before a window for the window to be called too short."""
SHIFTS = (1, -1, 2, -2, 3, -3, 4, -4, 5, -5)


@dataclass(frozen=True, slots=True)
class Places:
    """Targets that are, bit for bit, values of the series that the inputs were cut from: `share` of them, and
    how many of these lie at one distance from the end of their window (`lag` steps after it; 0 is the next); they are values of `feature`."""

    share: float
    at_one: float
    lag: int
    feature: int = -1


@dataclass(frozen=True, slots=True)
class Beyond:
    """What rows outside of the window tell: skill with them and without, for the same samples, the largest gain
    by chance, and the distance at which one row tells most."""

    without: float
    together: float
    chance: float
    rows: int
    lag: int
    samples: int

    @property
    def gain(self) -> float:
        return self.together - max(0.0, self.without)


def window_needed(signs: Signs) -> int | None:
    """Steps of a window that would reach what a ridge finds before the one that there is; None where it finds nothing there."""
    series = recorded(signs)
    past = beyond(signs, future=False) if series is not None else None
    if series is None or past is None or past.gain < GAIN or past.gain < 3 * past.chance:
        return None
    return series.window + past.lag


def shifted(signs: Signs) -> tuple[int, Dependence] | None:
    """(k, what the inputs tell of the targets k rows further on, in the arrays that the batches are rows of or else in their
    batch): the best shift, where one tells anything. None where there are no such arrays and batches are small."""
    in_table = row_shift(signs)
    if in_table is not None:
        return in_table.rows, in_table.found
    memo = signs.memo("shifted", lambda: _shifted(pairs_of(signs)))
    return memo if isinstance(memo, tuple) else None


def _shifted(pairs: Pairs | None) -> tuple[int, Dependence] | None:
    if pairs is None or pairs.numbers is None or pairs.outputs is None or pairs.steps:
        return None
    x, y = window_features(pairs.numbers), pairs.outputs
    where = {(int(b), int(r)): i for i, (b, r) in enumerate(pairs.order)}
    best: tuple[int, Dependence] | None = None
    for shift in SHIFTS:
        both = [(i, where[b, r + shift]) for (b, r), i in where.items() if (b, r + shift) in where]
        if len(both) < 0.5 * len(pairs) or len(both) < 60:
            continue
        here, there = (np.array([pair[side] for pair in both]) for side in (0, 1))
        found = dependence(x[here], y[there], np.arange(len(both)), f"targets {shift} rows on")
        if found is not None and found.found and (best is None or found.skill > best[1].skill):
            best = (shift, found)
    return best


def places(signs: Signs) -> Places | None:
    """None without a recorded series or single targets of a regression."""
    memo = signs.memo("places", lambda: _places(pairs_of(signs), recorded(signs)))
    return memo if isinstance(memo, Places) else None


def _places(pairs: Pairs | None, series: Recorded | None) -> Places | None:
    if pairs is None or series is None or pairs.classes or pairs.steps or len(series.sample) < 60:
        return None
    y = pairs.y.reshape(len(pairs.y), -1)[series.sample, 0]
    best = _at_a_lag(series, y)
    if best is not None:
        return best
    for feature in range(series.x.shape[1]):
        column = series.x[:, feature]
        values, index, counts = np.unique(column, return_index=True, return_counts=True)
        at = np.searchsorted(values, y).clip(0, len(values) - 1)
        hit = (values[at] == y) & (counts[at] == 1)
        if not hit.any():
            continue
        lags = index[at][hit] - (series.start[hit] + series.window)
        kinds, often = np.unique(lags, return_counts=True)
        found = Places(float(hit.mean()), float(often.max() / hit.sum()), int(kinds[often.argmax()]), feature)
        if best is None or found.share > best.share:
            best = found
    return best


def _at_a_lag(series: Recorded, y: Floats) -> Places | None:
    """Where the values repeat themselves: the lag at which the targets are those of the series, if there is one."""
    ends = series.start + series.window
    for lag in range(series.window):
        inside = ends + lag < len(series.x)
        for feature in range(series.x.shape[1]):
            values = series.x[ends[inside] + lag, feature]
            known = np.isfinite(values)
            if known.sum() >= 40 and float(np.mean(values[known] == y[inside][known])) > 0.95:
                return Places(1.0, 1.0, lag, feature)
    return None


def beyond(signs: Signs, future: bool) -> Beyond | None:
    """Do rows before the window (or, `future`, at and after its end) tell the target, where those in it do not?
    None without a recorded series that reaches far enough."""
    memo = signs.memo(f"beyond-{future}", lambda: _beyond(pairs_of(signs), recorded(signs), future))
    return memo if isinstance(memo, Beyond) else None


def _beyond(pairs: Pairs | None, series: Recorded | None, future: bool) -> Beyond | None:
    if pairs is None or series is None or pairs.outputs is None or pairs.steps:
        return None
    length, size = series.window, series.x.shape[1]
    best: Beyond | None = None
    for rows in sorted({max(2, length // 2), length, 2 * length, 3 * length}):
        if (rows + length) * size > 300:
            continue
        index, values = series.around(-length, rows) if future else series.around(-length - rows, 0)
        if len(index) < 100:
            continue
        y = pairs.outputs[series.sample[index]]
        split = length * size if future else rows * size
        inner, outer = (values[:, :split], values[:, split:]) if future else (values[:, split:], values[:, :split])
        found = _gain(inner, outer, y, rows, size, future)
        if found is not None and (best is None or found.gain > best.gain + 0.02):
            best = found
    return best


def _gain(inner: Floats, outer: Floats, y: Floats, rows: int, size: int, future: bool) -> Beyond | None:
    """The outer rows moved around in a circle against the inner ones say what chance would gain."""
    if not (y.std(axis=0) > 1e-12).any():
        return None
    rng = np.random.default_rng(0)
    turns = [int(t) for t in rng.integers(len(y) // 8 + 1, len(y) - len(y) // 8, 12)]
    without = skill(inner, y)
    base = max(0.0, without)
    gains = [skill(np.concatenate([inner, np.roll(outer, turn, axis=0)], axis=1), y) - base for turn in turns]
    told = (
        np.nan_to_num(np.abs(np.corrcoef(np.concatenate([outer, y[:, :1]], axis=1).T)[-1, :-1]))
        .reshape(rows, size)
        .max(axis=1)
    )
    peak = int(told.argmax())
    lag = peak if future else rows - peak
    together = skill(np.concatenate([inner, outer], axis=1), y)
    return Beyond(without, together, max(gains), rows, lag, len(y))


def skill(features: Floats, y: Floats) -> float:
    """Cross-validated over blocks of neighbours: rows stand in the order of time."""
    spread = features.std(axis=0)
    kept = features[:, spread > 1e-12]
    if not kept.shape[1]:
        return 0.0
    kept = (kept - kept.mean(axis=0)) / kept.std(axis=0)
    return float(explained(kept, y, np.arange(len(y)) * FOLDS // len(y), y.shape[1])[0])
