"""Which training does a step belong to? Known for sure only once its update was made.

A backward pass comes before the step that tells whose it was, so what is noted then carries the number of the
training before. The step table has the right one: everything is put right by its step, once, on reading.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from ..trace.events import BatchSaved, GradientUse, LayerSample, LossGraph
from ..trace.reader import Table, Trace

NUMBERED = (LossGraph, GradientUse, LayerSample, BatchSaved)


def put_right(trace: Trace) -> Trace:
    """The trace with the training of every row and event taken from the update of its step."""
    table = trace.table("step")
    if not len(table) or len(np.unique(table.column("training"))) < 2:
        return trace
    steps, numbers = table.column("step"), table.column("training")
    order = np.argsort(steps, kind="stable")
    steps, numbers = steps[order], numbers[order]

    def of(step: float) -> int:
        place = min(int(np.searchsorted(steps, step)), len(steps) - 1)
        return int(numbers[place])

    events = tuple(
        dataclasses.replace(event, training=of(event.step)) if isinstance(event, NUMBERED) else event
        for event in trace.events
    )
    tables = {name: _renumbered(name, t, steps, numbers) for name, t in trace.tables.items()}
    return dataclasses.replace(trace, events=events, tables=tables)


def _renumbered(name: str, table: Table, steps: np.ndarray, numbers: np.ndarray) -> Table:
    if name == "step" or "training" not in table.columns or not len(table):
        return table
    values = table.values.copy()
    places = np.minimum(np.searchsorted(steps, table.column("step")), len(steps) - 1)
    values[:, table.columns.index("training")] = numbers[places]
    return dataclasses.replace(table, values=values)
