"""What a forecast must beat: the last value, the value one season before; and what a ridge gets from windows of any length.

Skill is 1 - squared error / that of the mean of the other stretches of time, cross-validated over four such stretches.
"""

from __future__ import annotations

import numpy as np

from .dependence import FOLDS, MAX_FEATURES, Array, Floats, explained

LONGEST_SEASON = 400
CLEAR = 0.2
"""Autocorrelation of the differences from which one may speak of a season."""


def folds(rows: int) -> Array:
    return np.arange(rows) * FOLDS // rows


def skill_of(y: Floats, answers: Floats) -> float:
    """Of answers that no fit was needed for; (rows,) in the order of time."""
    fold = folds(len(y))
    mean = np.array([y[fold != k].mean() for k in range(FOLDS)])[fold]
    total = float(((y - mean) ** 2).sum())
    return float(1 - ((y - answers) ** 2).sum() / total) if total > 0 else 0.0


def ridge_skill(windows: Floats, y: Floats) -> float:
    """`windows`: (rows, steps, inputs) in the order of time; `y`: (rows, outputs). Of a long window the newest numbers as they
    are, and the means of all."""
    flat = windows.reshape(len(windows), -1)
    if flat.shape[1] > MAX_FEATURES:
        flat = np.concatenate([flat[:, -MAX_FEATURES:], windows.mean(axis=1)], axis=1)
    spread = flat.std(axis=0)
    flat = flat[:, spread > 1e-12]
    if not flat.shape[1] or not (y.std(axis=0) > 1e-12).any():
        return 0.0
    flat = (flat - flat.mean(axis=0)) / flat.std(axis=0)
    return float(explained(flat, y, folds(len(y)), y.shape[1])[0])


def season(values: Floats) -> int | None:
    """The lag at which the changes of a series repeat themselves most, of at least two seasons; None where none does clearly."""
    steps = np.diff(values)
    n = len(steps)
    if n < 16 or not steps.std() > 0:
        return None
    steps = np.clip(steps - np.median(steps), *np.quantile(steps - np.median(steps), [0.01, 0.99]))
    power = np.abs(np.fft.rfft(steps - steps.mean(), 2 * n)) ** 2
    found = np.fft.irfft(power)[:n] / np.maximum(np.arange(n, 0, -1), 1)
    found = found / found[0] if found[0] > 0 else found
    most = min(LONGEST_SEASON, n // 3)
    peaks = [k for k in range(3, most) if found[k] >= found[k - 1] and found[k] >= found[k + 1] and found[k] > max(CLEAR, 4 / np.sqrt(n))]
    best = max((found[k] for k in peaks), default=0.0)
    return next((k for k in peaks if found[k] >= 0.9 * best), None)
