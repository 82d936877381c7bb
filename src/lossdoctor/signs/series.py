"""Small statistics of noisy curves."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def smooth(values: Floats, window: int) -> Floats:
    """Trailing mean over up to `window` points; same length. Non-finite points are carried as they are."""
    if window <= 1 or len(values) < 2:
        return values.astype(np.float64)
    total = np.cumsum(np.insert(values, 0, 0.0))
    ends = np.arange(1, len(values) + 1)
    starts = np.maximum(0, ends - window)
    return (total[ends] - total[starts]) / (ends - starts)


def window_for(count: int) -> int:
    """A twelfth of the run, between 1 and 100 points: noise goes, the shape stays."""
    return int(min(100, max(1, count // 12)))


def middle(values: Any, default: float = math.nan) -> float:
    array = np.asarray(values, dtype=np.float64)
    array = array[np.isfinite(array)]
    return float(np.median(array)) if array.size else default


def trend(values: Floats) -> tuple[float, float]:
    """(Theil-Sen slope per point, z of the Mann-Kendall test): is the curve still going somewhere?"""
    array = values[np.isfinite(values)]
    if array.size < 5:
        return 0.0, 0.0
    if array.size > 120:
        parts = np.array_split(array, 120)
        array = np.array([part.mean() for part in parts])
        factor = values.size / 120
    else:
        factor = 1.0
    i, j = np.triu_indices(array.size, k=1)
    differences = array[j] - array[i]
    slope = float(np.median(differences / (j - i))) / factor
    n = array.size
    spread = math.sqrt(n * (n - 1) * (2 * n + 5) / 18)
    return slope, float(np.sign(differences).sum() / spread) if spread else 0.0
