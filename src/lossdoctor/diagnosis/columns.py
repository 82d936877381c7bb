"""A data file column by column, and what simple learners get from it: the numbers of `DataReport`."""

from __future__ import annotations

import math

import numpy as np

from ..baselines.forecast import ridge_skill, season, skill_of
from ..datafile.clock import clock_facts
from ..datafile.series import Series
from ..datafile.table import Array, Arrays, Column, Floats, Table
from ..signs.pairs import marks
from ..signs.tails import FAR
from ..words.data import ColumnFacts, ColumnKind, DataReport, Role, WindowSkill

MOST_ENDS = 2000
LONGEST = 4
"""Windows are tried up to so many times the one that was asked for."""
NEARLY = 0.02
"""Skill by which a shorter window may fall behind the best and still be called enough."""
MOST_CATEGORIES = 50


def series_report(file: str, table: Table, series: Series) -> tuple[DataReport, dict[str, float]]:
    """The report, and what a ridge, the last value and the last season get on the same rows."""
    ends = series.ends
    if len(ends) > MOST_ENDS:
        ends = ends[np.linspace(0, len(ends) - 1, MOST_ENDS).astype(int)]
    curve = _by_window(series, ends)
    best = max((w.skill for w in curve), default=0.0)
    enough = next((w.window for w in curve if w.skill >= best - NEARLY), None) if best > NEARLY else None
    report = DataReport(
        file, "series", table.rows, series.target, len(series.classes), series.inputs, series.window, series.horizon, len(series.ends),
        tuple(_facts(column, series) for column in table.columns), clock_facts(series.clock) if series.clock is not None else None,
        tuple(curve), enough,
    )  # fmt: skip
    own = next((w.skill for w in curve if w.window == series.window), None)
    found = {f"ridge on {series.window} rows": own} if own is not None else {}
    return report, {name: round(value, 4) for name, value in (found | _naive(series)).items()}


def pairs_report(file: str, arrays: Arrays) -> tuple[DataReport, dict[str, float]]:
    x, y = arrays.x, arrays.y
    flat = x.reshape(-1, x.shape[-1]) if x.ndim > 2 else x.reshape(-1, 1)
    names = feature_names(arrays)
    columns = [_numbers(Column(name, flat[:, k].astype(np.float64)), "input", "", lag=False) for k, name in enumerate(names[:64])]
    columns.append(_numbers(Column(arrays.y_name, y.reshape(-1).astype(np.float64)), "target", "", lag=False))
    return DataReport(
        file, "pairs", len(x), arrays.y_name, arrays.classes, names, x.shape[1], 0, len(x), tuple(columns)
    ), {}  # fmt: skip


def feature_names(arrays: Arrays) -> tuple[str, ...]:
    count = arrays.x.shape[-1] if arrays.x.ndim > 2 else 1
    return (arrays.x_name,) if count == 1 else tuple(f"{arrays.x_name} {k + 1}" for k in range(count))


def _facts(column: Column, series: Series) -> ColumnFacts:
    role, why = series.roles[column.name]
    if column.texts is None:
        return _numbers(column, role, why, kind="time" if role == "time" else "number")
    kinds = len(set(column.texts) - {""})
    kind: ColumnKind = "time" if role == "time" else "category" if kinds <= MOST_CATEGORIES else "text"
    return ColumnFacts(column.name, kind, role, column.missing, kinds, why=why)


def _numbers(column: Column, role: Role, why: str, *, kind: ColumnKind = "number", lag: bool = True) -> ColumnFacts:
    values = column.numbers
    good = values[np.isfinite(values)]
    if not good.size:
        return ColumnFacts(column.name, kind, role, column.missing, 0, column.infinite, why=why)
    with np.errstate(over="ignore"):
        mean, std = float(good.mean()), float(good.std())
    return ColumnFacts(
        column.name, kind, role, column.missing, len(np.unique(good)), column.infinite, mean, std,
        float(good.min()), float(good.max()), _extreme(good), _lag1(values) if lag else None, why,
    )  # fmt: skip


def _extreme(good: Floats) -> float | None:
    """None where half of the values are one number: no deviation can be told then."""
    middle = float(np.median(good))
    spread = 1.4826 * float(np.median(np.abs(good - middle)))
    return float((np.abs(good - middle) > FAR * spread).mean()) if spread > 0 else None


def _lag1(values: Floats) -> float | None:
    before, after = values[:-1], values[1:]
    both = np.isfinite(before) & np.isfinite(after)
    if both.sum() < 8 or not (before[both].std() > 0 and after[both].std() > 0):
        return None
    found = float(np.corrcoef(before[both], after[both])[0, 1])
    return found if math.isfinite(found) else None


def _by_window(series: Series, ends: Array) -> list[WindowSkill]:
    """All windows on the same rows, so that they can be compared."""
    first = {start: start for start, _ in series.pieces}
    starts = np.array(sorted(first))
    since = ends - starts[np.searchsorted(starts, ends, side="right") - 1] + 1
    lengths = sorted({2**k for k in range(12) if 2**k <= LONGEST * series.window} | {series.window})
    while len(lengths) > 1 and (since >= lengths[-1]).sum() < max(100, 0.5 * len(ends)) and lengths[-1] > series.window:
        lengths.pop()
    ends = ends[since >= lengths[-1]]
    if len(ends) < 40:
        return []
    y = marks(series.targets(ends)) if series.classes else series.targets(ends)[:, None]
    if y is None:
        return []
    last = _last(series, ends)
    found = []
    for length in lengths:
        windows = series.windows(ends, length)
        skill = ridge_skill(windows, y)
        if last is not None:
            # Of a series that wanders, its change is what is to be learned.
            change = ridge_skill(windows, y - last[:, None])
            skill = max(skill, 1 - (1 - change) * (1 - skill_of(y[:, 0], last)))
        found.append(WindowSkill(length, round(skill, 4)))
    return found


def _last(series: Series, ends: Array) -> Floats | None:
    """The last value that is known of the target, where it is a number and among the inputs."""
    if series.classes or series.horizon < 1 or series.target not in series.inputs:
        return None
    return np.asarray(series.x[ends, series.inputs.index(series.target)])


def _naive(series: Series) -> dict[str, float]:
    """Forecasts for which nothing is learned, where the target is a number that is known so far."""
    ends = series.ends
    last = _last(series, ends)
    if last is None or len(ends) < 40:
        return {}
    own = series.x[:, series.inputs.index(series.target)]
    found = {"the last value": skill_of(series.targets(ends), last)}
    lag = season(own) if len(series.pieces) == 1 else None
    if lag is not None:
        back = -(-series.horizon // lag) * lag - series.horizon
        later = ends[ends >= back]
        if len(later) >= 40:
            found[f"the value one season ({lag} rows) before"] = skill_of(series.targets(later), own[later - back])
    return found


def beyond_the_last(skill: float, last: float) -> float:
    """Share of what the last value leaves that a forecast tells."""
    return (skill - last) / (1 - last) if last < 1 else 0.0
