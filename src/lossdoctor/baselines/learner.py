"""Ridge regression on the captured pairs: what the data surely allow.

A lower bound only: a ridge that finds nothing does not say that nothing is there (parity, long memory).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
MAX_FEATURES = 400
FOLDS = 4


@dataclass(frozen=True, slots=True)
class Reference:
    """`skill`: cross-validated share of the targets' variance explained; `samples` it was fitted on."""

    skill: float
    samples: int
    features: int
    what: str


def reference(pairs: Sequence[tuple[Array | None, Array | None]], classes: bool) -> Reference | None:
    """None where inputs and targets cannot be paired row by row, or are too few to tell."""
    prepared = _prepared(pairs, classes)
    if prepared is None:
        return None
    features, y = prepared
    skill = _cross_validated(features, y)
    return Reference(skill, len(features), features.shape[1], "ridge on the input window")


def predictions(pairs: Sequence[tuple[Array | None, Array | None]]) -> tuple[Array, Array] | None:
    """(target ids, ids that a cross-validated ridge answers), row by row; None where there is too little."""
    prepared = _prepared(pairs, True)
    if prepared is None:
        return None
    features, y = prepared
    return y.argmax(axis=1), _held_out(_standardised(features), y, 30.0).argmax(axis=1)


def _prepared(pairs: Sequence[tuple[Array | None, Array | None]], classes: bool) -> tuple[Array, Array] | None:
    """Rows of features and of targets (one-hot for classes)."""
    xs, ys = [], []
    for x, y in pairs:
        if x is None or y is None or x.ndim < 2 or y.ndim < 1 or not x.size:
            continue
        if x.shape[0] != y.shape[0]:
            if x.ndim == 3 and x.shape[1] == y.shape[0]:
                x = np.swapaxes(x, 0, 1)
            else:
                continue
        if y.ndim > 1 and y.shape[1] == x.shape[1] > 1:
            # A target for every step: only the last may be told from the whole window, which holds the others' answers.
            y = y[:, -1]
        xs.append(x)
        ys.append(y.reshape(y.shape[0], -1))
    if not xs:
        return None
    shape = xs[0].shape[1:]
    kept = [(x, y) for x, y in zip(xs, ys, strict=True) if x.shape[1:] == shape and y.shape[1:] == ys[0].shape[1:]]
    x = np.concatenate([a for a, _ in kept])
    y = np.concatenate([b for _, b in kept])[:, -8:].astype(np.float64)
    tokens = np.issubdtype(x.dtype, np.integer)
    features = _bag(x) if tokens else x.reshape(len(x), -1).astype(np.float64)
    if features is None:
        return None
    if features.shape[1] > MAX_FEATURES:
        # The newest that vary: what ends in padding is told by what lies before it.
        features = features[:, ~(features == features[:1]).all(axis=0)][:, -MAX_FEATURES:]
    good = np.isfinite(features).all(axis=1) & np.isfinite(y).all(axis=1)
    features, y = features[good], y[good]
    if len(features) < 60:
        return None
    if classes:
        ids = y[:, -1].astype(int)
        if ids.min() < 0 or ids.max() > 200:
            return None
        y = np.eye(int(ids.max()) + 1)[ids]
    return features, y


def _bag(x: Array) -> Array | None:
    """Counts of tokens over the sequence, and the last token."""
    flat = x.reshape(len(x), -1)
    top = int(flat.max()) + 1
    if flat.min() < 0 or top > 1000:
        return None
    counts = np.zeros((len(flat), top))
    np.add.at(counts, (np.arange(len(flat))[:, None], flat), 1.0)
    last = np.eye(top)[flat[:, -1]]
    return np.concatenate([counts, last], axis=1)


def _standardised(x: Array) -> Array:
    spread = x.std(axis=0)
    scaled: Array = (x - x.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    return scaled


def _held_out(x: Array, y: Array, strength: float) -> Array:
    """Each row as predicted by a ridge that was fitted without its fold."""
    order = np.random.default_rng(0).permutation(len(x))
    answers = np.zeros_like(y, dtype=np.float64)
    for fold in range(FOLDS):
        test = order[fold::FOLDS]
        train = np.setdiff1d(order, test)
        mean = y[train].mean(axis=0)
        a = x[train].T @ x[train] + strength * np.eye(x.shape[1])
        answers[test] = mean + x[test] @ np.linalg.solve(a, x[train].T @ (y[train] - mean))
    return answers


def _cross_validated(x: Array, y: Array) -> float:
    """Share of the variance that the best of three ridges explains on rows it was not fitted on."""
    x = _standardised(x)
    total = float(((y - y.mean(axis=0)) ** 2).sum())
    if total <= 0:
        return 0.0
    return max(1 - float(((y - _held_out(x, y, strength)) ** 2).sum()) / total for strength in (1.0, 30.0, 1000.0))
