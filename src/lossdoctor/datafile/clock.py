"""The time column: which one it is, and whether its rows follow each other evenly."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass

import numpy as np

from ..words import UserError, short
from ..words.data import ClockFacts
from .moments import moments
from .table import Column, Floats, Table

RESTARTS = re.compile(r"(time[-_ ]?)?(steps?|idx|index|frame|tick|t|time|position|pos|seq)", re.IGNORECASE)
EVEN = 0.9
UNITS = ((86400.0, "d"), (3600.0, "h"), (60.0, "min"), (1.0, "s"))
MONTH = (28 * 86400.0, 31 * 86400.0)


@dataclass(frozen=True)
class Clock:
    """`values` by row, in seconds where `dated`, else as counted."""

    column: str
    values: Floats
    dated: bool

    @property
    def steps(self) -> Floats:
        return np.diff(self.values[np.isfinite(self.values)])

    @property
    def usual(self) -> float:
        """The commonest step forward."""
        forward = self.steps[self.steps > 0]
        if not forward.size:
            return 0.0
        kinds, counts = np.unique(np.round(forward, 6), return_counts=True)
        return float(kinds[counts.argmax()])


def found_clock(table: Table, wanted: str | None) -> Clock | None:
    """The column that is named, or the first that holds dates, or counts the rows evenly, or counts the steps of one series
    after the other (by its name as well: the hour of the day counts evenly too)."""
    if wanted is not None:
        column = table.column(wanted)
        if column is None:
            raise UserError(f'there is no column "{wanted}". Columns: {", ".join(c.name for c in table.columns[:30])}.')
        clock = _dated(column) or (Clock(column.name, column.numbers, False) if column.texts is None else None)
        if clock is None:
            raise UserError(f'the column "{wanted}" holds neither numbers nor dates that we can read ("{_first(column)}").')
        return clock
    for column in table.columns:
        if column.texts is not None and (clock := _dated(column)) is not None:
            return clock
    numbers = [c for c in table.columns if c.texts is None]
    counters = [c for c in numbers if counts_rows(c.numbers)]
    if counters and len(counters) < len(numbers):
        return Clock(counters[0].name, counters[0].numbers, False)
    for column in numbers:
        if len(numbers) > 1 and RESTARTS.fullmatch(column.name) and _restarts(column.numbers):
            return Clock(column.name, column.numbers, False)
    return None


def counts_rows(values: Floats) -> bool:
    """Does it rise (or fall) by the same step from row to row? Then it tells the place of a row and nothing else."""
    if len(values) < 20 or not np.isfinite(values).all():
        return False
    steps = np.diff(values)
    usual = float(np.median(steps))
    same = np.abs(steps - usual) <= 1e-6 * abs(usual)
    return usual != 0 and float(same.mean()) >= EVEN and bool((np.sign(steps) == np.sign(usual)).all())


def _restarts(values: Floats) -> bool:
    if len(values) < 20 or not np.isfinite(values).all():
        return False
    steps = np.diff(values)
    forward = steps[steps > 0]
    return bool(forward.size) and float(np.mean(steps == np.median(forward))) >= 0.6 and bool((steps < 0).any()) and bool(
        np.all(np.isin(steps[steps > 0], np.median(forward)))
    )  # fmt: skip


def _dated(column: Column) -> Clock | None:
    seconds = moments(column.texts) if column.texts is not None else None
    return None if seconds is None else Clock(column.name, seconds, True)


def _first(column: Column) -> str:
    return next((text for text in column.texts or () if text), "")


def pieces_of(clock: Clock | None, rows: int) -> tuple[tuple[int, int], ...]:
    """(start, stop) of each series that stands in the file, one after the other: a new one begins where time begins again."""
    if clock is None or not np.isfinite(clock.values).all():
        return ((0, rows),)
    steps = np.diff(clock.values)
    back = np.flatnonzero(steps < 0) + 1
    several = len(np.unique(clock.values)) < 0.7 * rows
    if not back.size or not several or len(back) > rows / 3:
        return ((0, rows),)
    edges = [0, *back.tolist(), rows]
    return tuple(itertools.pairwise(edges))


def in_order(clock: Clock | None, pieces: int) -> np.ndarray[tuple[int], np.dtype[np.intp]] | None:
    """The rows in the order of time, where the file has one series in another order; None where nothing is to be done."""
    if clock is None or pieces > 1 or not np.isfinite(clock.values).all() or not (np.diff(clock.values) < 0).any():
        return None
    return np.argsort(clock.values, kind="stable")


def clock_facts(clock: Clock) -> ClockFacts:
    steps, usual = clock.steps, clock.usual
    if clock.dated and MONTH[0] <= usual <= MONTH[1]:
        even, gap = (steps >= MONTH[0]) & (steps <= MONTH[1]), steps > MONTH[1]
        step = "1 month"
    else:
        even, gap = np.abs(steps - usual) <= 1e-6 * abs(usual), steps > 1.5 * usual
        step = _words(usual, clock.dated)
    gaps = int(gap.sum()) if usual > 0 else 0
    return ClockFacts(
        clock.column, step, float(even.mean()) if steps.size else 1.0, gaps, _words(float(steps[gap].max()), clock.dated) if gaps else "",
        int((steps == 0).sum()), int((steps < 0).sum()),
    )  # fmt: skip


def _words(step: float, dated: bool) -> str:
    if not dated:
        return short(int(step) if step == int(step) else step)
    for size, unit in UNITS:
        if step >= size:
            return f"{short(round(step / size, 2))} {unit}".replace(".0 ", " ")
    return f"{short(step)} s"
