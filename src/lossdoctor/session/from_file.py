"""Evidence from a data file: windows and their targets as captured batches of a trace in which nothing was trained."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from ..datafile.series import CONSTANT, Series
from ..datafile.table import Array, Arrays, Table
from ..trace.events import BatchSaved, DataRead, LossTerm, RunEnded, RunStarted
from ..trace.writer import TraceWriter

ROOM = 600_000
"""Numbers of the inputs that a trace has room for."""
MOST = 6000
STRETCHES = 3
"""Of a longer series so many stretches are taken: within one every window overlaps the next."""
LARGEST_BATCH = 64
STARTS = "starts"


def series_evidence(file: str, table: Table, series: Series, folder: Path) -> None:
    ends = _stretches(series.ends, max(40, min(MOST, ROOM // (series.window * len(series.inputs)))))
    y = series.targets(ends)
    used = [c for c in table.columns if c.name in series.inputs or c.name == series.target]
    hole, where = max(((_longest(c.numbers), c.name) for c in used if c.texts is None), default=(0, ""))
    known = series.targets(series.ends)
    facts = DataRead(
        file, "series", series.inputs, series.target, series.window, series.horizon, table.rows, len(series.ends), len(series.classes),
        len(np.unique(known)), series.clock.column if series.clock is not None else "",
        {c.name: c.missing for c in used}, {c.name: c.infinite for c in used}, hole, where, len(series.pieces), STARTS,
        tuple(name for name, (_, why) in series.roles.items() if why == CONSTANT),
    )  # fmt: skip
    x, starts = series.windows(ends).astype(np.float32), ends - series.window + 1
    _write(folder, facts, x, y if series.classes else y.astype(np.float32), starts)


def pairs_evidence(file: str, arrays: Arrays, names: tuple[str, ...], folder: Path) -> None:
    x, y = arrays.x, arrays.y
    whole = x.dtype.kind in "iu" and x.ndim == 2
    x = x.astype(np.int64 if whole else np.float32)
    if x.ndim == 2 and not whole:
        x = x[..., None]
    y = y.astype(np.int64 if arrays.classes else np.float32)
    if y.ndim > 1 and y.shape[-1] == 1:
        y = y[..., 0]
    bad = {name: int(np.isnan(a).sum()) if a.dtype.kind == "f" else 0 for name, a in ((arrays.x_name, arrays.x), (arrays.y_name, arrays.y))}
    endless = {name: int(np.isinf(a).sum()) if a.dtype.kind == "f" else 0 for name, a in ((arrays.x_name, arrays.x), (arrays.y_name, arrays.y))}
    facts = DataRead(
        file, "pairs", names, arrays.y_name, x.shape[1], 0, len(x), len(x), arrays.classes, len(np.unique(y[np.isfinite(y)])), "", bad, endless
    )
    good = np.isfinite(x.reshape(len(x), -1)).all(axis=1) & np.isfinite(y.reshape(len(y), -1)).all(axis=1)
    kept = _stretches(np.flatnonzero(good), max(40, min(MOST, ROOM // max(1, x[:1].size))))
    _write(folder, facts, x[kept], y[kept])


def _stretches(places: Array, most: int) -> Array:
    if len(places) <= most:
        return places
    each = most // STRETCHES
    starts = [round(k * (len(places) - each) / (STRETCHES - 1)) for k in range(STRETCHES)]
    return np.unique(np.concatenate([places[s : s + each] for s in starts]))


def _longest(values: Array) -> int:
    """Missing values in a row, at the most."""
    missing = np.concatenate([[False], ~np.isfinite(values), [False]])
    edges = np.flatnonzero(np.diff(missing.astype(int)))
    return int((edges[1::2] - edges[::2]).max()) if edges.size else 0


def _write(folder: Path, facts: DataRead, x: Array, y: Array, starts: Array | None = None) -> None:
    writer = TraceWriter(folder)
    writer.event(RunStarted(facts.file, mode="data", pid=os.getpid()))
    if starts is not None:
        writer.array(STARTS, starts)
    writer.event(facts)
    fn = "cross_entropy" if y.dtype.kind == "i" else "mse_loss"
    writer.event(LossTerm(0, 0, fn, (), tuple(y.shape), str(y.dtype)))
    size = max(4, min(LARGEST_BATCH, len(x) // 20))
    for number, start in enumerate(range(0, len(x), size)):
        stored = [writer.array(f"{name}-{number}", part[start : start + size]) for name, part in (("x", x), ("y", y))]
        if None not in stored:
            writer.event(BatchSaved(number, 0, 0, stored[0], stored[1], None, batch=number))
    writer.event(RunEnded("finished", 0, 0.0, 0.0, 0))
    writer.close()
