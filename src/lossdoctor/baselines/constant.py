"""The loss of the best constant prediction, under the same loss function: what skill 0 means.

Murphy (1988), "Skill scores based on the mean square error", for the score; the constants are the mean for
a squared error, the median for an absolute one, the class frequencies for a cross entropy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

CLASS_LOSSES = frozenset({"cross_entropy", "nll_loss", "picked_log_probability", "multi_margin_loss"})
BINARY_LOSSES = frozenset({"binary_cross_entropy", "binary_cross_entropy_with_logits"})
SQUARED_LOSSES = frozenset({"mse_loss", "squared_error"})
ABSOLUTE_LOSSES = frozenset({"l1_loss", "absolute_error"})
HUBER_LOSSES = frozenset({"smooth_l1_loss", "huber_loss"})


@dataclass(frozen=True, slots=True)
class Constant:
    """`loss`: per element, of the best constant; `floor`: what a perfect prediction would still cost."""

    loss: float
    floor: float
    of: str


def best_constant(
    fn: str, targets: list[npt.NDArray[Any]], *, class_weight: tuple[float, ...] = (),
    pos_weight: tuple[float, ...] = (), label_smoothing: float = 0.0, ignore_index: int | None = None,
    beta: float = 1.0, classes: int = 0,
) -> Constant | None:  # fmt: skip
    """None where the loss has no such constant (or we do not know it), or there are no finite targets."""
    targets = [t for t in targets if t.size]
    if not targets:
        return None
    if fn in CLASS_LOSSES and np.issubdtype(targets[0].dtype, np.integer):
        return _classes(
            np.concatenate([t.reshape(-1) for t in targets]), class_weight, label_smoothing, ignore_index, classes
        )
    if fn in CLASS_LOSSES:
        return _soft_classes(targets)
    columns = _columns(targets)
    if columns is None:
        return None
    if fn in BINARY_LOSSES:
        return _binary(columns, pos_weight)
    if fn in SQUARED_LOSSES:
        return Constant(float(np.var(columns, axis=0).mean()), 0.0, "the mean of the targets")
    if fn in ABSOLUTE_LOSSES:
        middle = np.median(columns, axis=0)
        return Constant(float(np.abs(columns - middle).mean()), 0.0, "the median of the targets")
    if fn in HUBER_LOSSES:
        return _huber(columns, beta, fn == "smooth_l1_loss")
    return None


def known_constant(
    fn: str, known: list[npt.NDArray[Any]], targets: list[npt.NDArray[Any]], classes: int = 0, ignore_index: int | None = None
) -> Constant | None:
    """What the best constant of the targets that were `known` costs on other `targets`: the reference of a forecast, which
    can only know the climate of the past (Murphy 1988). None for other losses than squared and absolute errors and plain
    cross entropies."""
    known, targets = [t for t in known if t.size], [t for t in targets if t.size]
    if not known or not targets:
        return None
    if fn in CLASS_LOSSES and np.issubdtype(targets[0].dtype, np.integer) and np.issubdtype(known[0].dtype, np.integer):
        before_ids, ids = (np.concatenate([t.reshape(-1) for t in some]) for some in (known, targets))
        if ignore_index is not None:
            before_ids, ids = before_ids[before_ids != ignore_index], ids[ids != ignore_index]
        return _known_classes(before_ids, ids, classes)
    before, after = _columns(known), _columns(targets)
    if before is None or after is None or before.shape[1] != after.shape[1]:
        return None
    if fn in SQUARED_LOSSES:
        return Constant(float(np.mean((after - before.mean(axis=0)) ** 2)), 0.0, "the mean of the training targets")
    if fn in ABSOLUTE_LOSSES:
        return Constant(float(np.abs(after - np.median(before, axis=0)).mean()), 0.0, "the median of the training targets")
    return None


def _known_classes(known: npt.NDArray[Any], ids: npt.NDArray[Any], classes: int) -> Constant | None:
    known, ids = known[known >= 0], ids[ids >= 0]
    if not known.size or not ids.size:
        return None
    size = max(int(known.max()), int(ids.max())) + 1
    # One more of each class than was seen: what never came may come.
    shares = (np.bincount(known, minlength=max(size, classes)) + 1.0) / (known.size + max(size, classes))
    return Constant(float(-np.log(shares[ids]).mean()), 0.0, "the class frequencies in training")


def _columns(targets: list[npt.NDArray[Any]]) -> Floats | None:
    """Targets as (elements, outputs): a last axis of a few outputs with enough rows has constants of its own."""
    last = targets[0].shape[-1] if targets[0].ndim >= 2 else 1
    same = all(t.ndim >= 2 and t.shape[-1] == last for t in targets) if targets[0].ndim >= 2 else False
    rows = sum(t.size for t in targets) // max(1, last)
    if same and 1 < last <= 256 and rows >= 10 * 2:
        columns = np.concatenate([t.reshape(-1, last) for t in targets]).astype(np.float64)
    else:
        columns = np.concatenate([t.reshape(-1) for t in targets]).astype(np.float64)[:, None]
    columns = columns[np.isfinite(columns).all(axis=1)]
    return columns if len(columns) else None


def _entropy(shares: Floats) -> float:
    kept = shares[shares > 0]
    return float(-(kept * np.log(kept)).sum())


def _classes(
    ids: npt.NDArray[Any], weight: tuple[float, ...], smoothing: float, ignore: int | None, classes: int
) -> Constant | None:
    ids = ids[ids != (-100 if ignore is None else ignore)]
    ids = ids[ids >= 0]
    if not ids.size:
        return None
    size = max(int(ids.max()) + 1, classes, len(weight))
    counts = np.bincount(ids, minlength=size).astype(np.float64)
    if weight and len(weight) == size:
        counts = counts * np.asarray(weight)
    shares = counts / max(counts.sum(), 1e-300)
    floor = 0.0
    if smoothing > 0:
        shares = (1 - smoothing) * shares + smoothing / size
        peak = 1 - smoothing + smoothing / size
        rest = smoothing / size
        floor = float(-(peak * np.log(peak) + (size - 1) * rest * np.log(rest))) if size > 1 else 0.0
    return Constant(_entropy(shares), floor, "the class frequencies")


def _soft_classes(targets: list[npt.NDArray[Any]]) -> Constant | None:
    if targets[0].ndim < 2 or any(t.ndim != targets[0].ndim or t.shape[1:] != targets[0].shape[1:] for t in targets):
        return None
    rows = np.concatenate([np.moveaxis(t, 1, -1).reshape(-1, t.shape[1]) for t in targets]).astype(np.float64)
    if not np.isfinite(rows).all() or (rows < 0).any():
        return None
    mean = rows.mean(axis=0)
    total = max(mean.sum(), 1e-300)
    logs = np.log(np.maximum(rows, 1e-300))
    floor = float(-(rows * logs).sum(axis=1).mean())
    return Constant(float(-(mean * np.log(np.maximum(mean / total, 1e-300))).sum()), floor, "the mean class shares")


def _binary(columns: Floats, pos_weight: tuple[float, ...]) -> Constant | None:
    if (columns < -1e-6).any() or (columns > 1 + 1e-6).any():
        return None
    mean = np.clip(columns.mean(axis=0), 0, 1)
    weight = np.asarray(pos_weight) if pos_weight else np.ones(1)
    if weight.size not in (1, mean.size):
        weight = np.ones(1)
    answer = weight * mean / np.maximum(weight * mean + 1 - mean, 1e-300)

    def cost(y: Floats, p: Floats) -> Floats:
        p = np.clip(p, 1e-12, 1 - 1e-12)
        return -(weight * y * np.log(p) + (1 - y) * np.log(1 - p))

    loss = float(cost(mean, answer).mean())
    floor = float(cost(columns, np.clip(columns, 1e-12, 1 - 1e-12)).mean())
    return Constant(loss, floor if floor < loss else 0.0, "the mean of the targets")


def _huber(columns: Floats, beta: float, smooth_l1: bool) -> Constant:
    beta = max(beta, 1e-12)
    candidates = np.unique(
        np.concatenate([np.quantile(columns, np.linspace(0, 1, 65), axis=0), columns.mean(axis=0)[None]]), axis=0
    )
    best = np.inf
    for candidate in candidates:
        error = np.abs(columns - candidate)
        loss = np.where(error < beta, 0.5 * error**2, beta * (error - 0.5 * beta))
        best = min(best, float(loss.mean()) / (beta if smooth_l1 else 1.0))
    return Constant(best, 0.0, "the best constant")
