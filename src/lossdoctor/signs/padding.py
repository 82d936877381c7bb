"""Padding at the end of the sequences: how much, and whether the loss and the state see it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from .chart import Signs
    from .fed import Batch

Array = npt.NDArray[Any]

MUCH = 0.3
"""Share of padding from which one may speak of it."""


@dataclass(frozen=True, slots=True)
class Padding:
    """`value` that pads, on time `axis`; `share` of all steps; `packed`: a recurrence is given lengths;
    `by_step`: the loss has a term for each step, `in_loss` of which share is padding (those left out by
    `ignore_index` do not count). `real`: the run's skill on the other terms, against their own best constant."""

    value: float
    axis: int
    share: float
    typical: float
    packed: bool
    by_step: bool
    in_loss: float
    real: float | None


def padding(signs: Signs) -> Padding | None:
    """None where fewer than MUCH of the steps are padding at the end of the sequences: of unequal length, or all alike."""
    memo = signs.memo("padding", lambda: _padding(signs))
    return memo if isinstance(memo, Padding) else None


def ends(x: Array, value: float) -> Array:
    """Steps at the end of each row of (batch, time[, features]) that hold nothing but `value`."""
    pads = x == value
    if pads.ndim > 2:
        pads = pads.reshape(*pads.shape[:2], -1).all(axis=2)
    return np.asarray(np.cumprod(pads[:, ::-1].astype(int), axis=1).sum(axis=1))


def _padding(signs: Signs) -> Padding | None:
    batches = [b for b in signs.fed.batches if b.x is not None and b.y is not None and b.x.ndim in (2, 3)]
    batches = [b for b in batches if b.x is not None and (b.x.ndim == 3 or np.issubdtype(b.x.dtype, np.integer))]
    if not batches:
        return None
    first = batches[0]
    assert first.x is not None and first.y is not None
    turned = first.y.shape[:1] == first.x.shape[1:2] != first.x.shape[:1]
    axis = 0 if turned else 1

    def rows(x: Array) -> Array:
        return np.swapaxes(x, 0, 1) if turned else x

    last = np.concatenate([rows(b.x)[:, -1].reshape(len(rows(b.x)), -1) for b in batches if b.x is not None])
    if last.shape[1] > 1 and not (last == last[:, :1]).all(axis=1).any():
        return None
    values, counts = np.unique(last[(last == last[:, :1]).all(axis=1)][:, 0], return_counts=True)
    value = float(values[counts.argmax()])
    runs = np.concatenate([ends(rows(b.x), value) / rows(b.x).shape[1] for b in batches if b.x is not None])
    share = float(runs.mean())
    if share < MUCH or float(np.mean(runs > 0)) < 0.5:
        return None
    if float(runs.std()) < 0.01 and not _empty_for_all(batches, rows, value):
        return None
    real, in_loss, by_step = _in_loss(signs, turned, value)
    packed = any(c.packed for c in signs.wiring.calls)
    return Padding(value, axis, share, float(np.median(runs)), packed, by_step, in_loss, real)


def _empty_for_all(batches: Sequence[Batch], rows: Callable[[Array], Array], value: float) -> bool:
    """Are the same steps empty in every sample seen, and in hardly any other place? Where all are of one length, a value
    that ends them may as well be what was measured."""
    parts = [rows(b.x) for b in batches if b.x is not None]
    if len({p.shape[1:] for p in parts}) != 1:
        return False
    whole = np.concatenate(parts)
    kept = whole.shape[1] - int(ends(whole, value).min())
    return kept > 0 and float(np.mean(whole[:, :kept] == value)) < 0.05


def _in_loss(signs: Signs, turned: bool, value: float) -> tuple[float | None, float, bool]:
    """(skill on the terms that are no padding, share of padding among the terms, is there a term a step)."""
    term = signs.fed.term
    ignored = term.ignore_index if term is not None and term.ignore_index is not None else -100
    given, truth, pads, step = [], [], [], []
    for batch in signs.fed.batches:
        x, y, p = batch.x, batch.y, batch.p
        if x is None or y is None or p is None or x.ndim < 2:
            continue
        rows = np.swapaxes(x, 0, 1) if turned else x
        length = rows.shape[1]
        mask = np.arange(length)[None, :] >= (length - ends(rows, value))[:, None]
        mask = (mask.T if turned else mask).reshape(-1)
        size = min(len(mask), y.size)
        if y.size < length or (y.size != len(mask) and y.ndim > 1) or length < 2 or y.shape[0] == y.size == len(rows):
            continue
        if signs.fed.is_classes:
            p = (
                p.reshape(y.size, -1)
                if p.ndim == 2 and p.shape[0] == y.size
                else np.moveaxis(p, 1, -1).reshape(-1, p.shape[1])
            )
            if len(p) != y.size:
                continue
        elif p.size != y.size:
            continue
        else:
            p = p.reshape(-1)
        given.append(p[:size])
        truth.append(y.reshape(-1)[:size])
        pads.append(mask[:size])
        step.append(np.full(size, batch.step))
    if not given:
        return None, 0.0, False
    p, y, pad, at = np.concatenate(given), np.concatenate(truth), np.concatenate(pads), np.concatenate(step)
    counted = y != ignored if signs.fed.is_classes else np.isfinite(y)
    in_loss = float(np.mean(pad[counted])) if counted.any() else 0.0
    late = counted & ~pad & (at >= 0.6 * at.max())
    if late.sum() < 30:
        return None, in_loss, True
    return _skill(p[late], y[late], signs.fed.is_classes), in_loss, True


def _skill(p: Array, y: Array, classes: bool) -> float | None:
    if not classes:
        spread = float(np.var(y.astype(np.float64)))
        return float(1 - np.mean((p.astype(np.float64) - y) ** 2) / spread) if spread > 0 else None
    shares = np.unique(y, return_counts=True)[1] / len(y)
    entropy = float(-(shares * np.log(shares)).sum())
    if entropy < 1e-6 or y.min() < 0 or y.max() >= p.shape[1]:
        return None
    p = p.astype(np.float64) - p.max(axis=1, keepdims=True)
    logs = p - np.log(np.exp(p).sum(axis=1, keepdims=True))
    return float(1 + logs[np.arange(len(y)), y.astype(int)].mean() / entropy)
