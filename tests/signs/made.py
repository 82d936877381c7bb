"""Traces made by hand: the numbers a sign reads, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lossdoctor.signs import Signs
from lossdoctor.trace.events import (
    LOSS_COLUMNS,
    STEP_COLUMNS,
    TENSOR_COLUMNS,
    BatchSaved,
    GroupFacts,
    LayerSample,
    LossTerm,
    OptimizerSeen,
)
from lossdoctor.trace.reader import Table, Trace

Array = np.ndarray[Any, np.dtype[Any]]


def table(columns: Sequence[str], count: int, **values: object) -> Table:
    """Rows of 0, but for the columns that are given."""
    rows = np.zeros((count, len(columns)))
    for name, value in values.items():
        rows[:, list(columns).index(name)] = value
    return Table(tuple(columns), rows)


def signs_of(
    losses: Sequence[float] | Array, pairs: Sequence[tuple[Array | None, Array, Array | None]] = (), *, fn: str = "mse_loss",
    norms: Sequence[float] | Array | None = None, clips: Array | None = None, lr: object = 1e-3, optimizer: str = "Adam",
    held: Sequence[tuple[int, float]] = (), samples: Sequence[LayerSample] = (), term: dict[str, object] | None = None,
    decay: float | None = None, more: Sequence[object] = (), changed: float | None = None,
) -> Signs:  # fmt: skip
    """A run with these losses, one a step; `pairs` are captured (input, target, prediction) of its first batches.
    `changed`: the share of each weight that every update changes."""
    losses = np.asarray(losses, dtype=float)
    count = len(losses)
    arrays: dict[str, Array] = {}
    events: list[object] = [LossTerm(0, 0, fn, (), (), "", **(term or {}))]  # type: ignore[arg-type]
    for number, group in enumerate(pairs):
        names: list[str | None] = []
        for letter, array in zip("xyp", group, strict=True):
            names.append(f"{letter}{number}" if array is not None else None)
            if array is not None:
                arrays[f"{letter}{number}"] = array
        events.append(BatchSaved(number, 0, 0, *names, batch=number))
    events.append(OptimizerSeen(0, 0, optimizer, (GroupFacts(1e-3, None, decay, (), None, False, ()),)))
    events += [*samples, *more]
    steps = np.arange(count)
    rows = table(LOSS_COLUMNS, count, step=steps, seconds=steps * 0.01, value=losses, criterion=losses)
    if held:
        extra = table(
            LOSS_COLUMNS, len(held), step=[s for s, _ in held], held_back=1, value=np.nan, criterion=[v for _, v in held],
            seconds=[s * 0.01 + 0.001 * n for n, (s, _) in enumerate(held)],
        )
        rows = Table(rows.columns, np.concatenate([rows.values, extra.values]))
    norm = np.ones(count) if norms is None else np.asarray(norms, dtype=float)
    clip = np.full(count, np.nan) if clips is None else clips
    stepped = table(
        STEP_COLUMNS, len(norm), step=np.arange(len(norm)), lr=lr, grad_norm=norm, backwards=1, clip_max=clip, clip_total=np.nan
    )
    tables = {"loss": rows, "step": stepped}
    if changed is not None:
        tables["tensor"] = table(TENSOR_COLUMNS, count, step=steps, changed=changed, weight_norm=1.0, update_norm=0.01 * changed)
    return Signs(Trace(tuple(events), tables, arrays))


def targets(count: int = 40, size: int = 32, seed: int = 0) -> list[tuple[Array | None, Array, Array | None]]:
    """Captured targets of mean 0 and variance 1, exactly: the best constant under a squared error costs 1."""
    y = np.random.default_rng(seed).normal(size=(count * size, 1))
    y = (y - y.mean()) / y.std()
    return [(None, part, None) for part in np.split(y, count)]


def replay(log_dh: Sequence[float], *, step: int = 0, growth: float | None = None, horizon: float | None = None, **more: Any) -> LayerSample:
    facts: dict[str, Any] = {"module": "rnn", "cell": "lstm", "layer": 0, "reverse": False, "batch": 8, "hidden": 16, **more}
    return LayerSample(
        step=step, training=0, time=len(log_dh), log_dh=tuple(log_dh), growth=growth, horizon=horizon, **facts
    )  # fmt: skip
