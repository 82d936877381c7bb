"""Which axis of the input is time? Told from the data, where the targets are the inputs one step on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from .chart import Signs

AGREE = 0.95


def time_axis_by_shift(signs: Signs) -> int | None:
    """0 or 1 where target[t] = input[t + 1] along that axis and not along the other; None where neither."""
    agreements: dict[int, list[float]] = {0: [], 1: []}
    for batch in signs.fed.batches[:8]:
        x, y = batch.x, batch.y
        if x is None or y is None or x.ndim < 2:
            continue
        plain = x if x.ndim == 2 else x[..., 0]
        if y.size < plain.size or y.size % plain.size:
            continue
        if y.size != plain.size:
            continue
        target = y.reshape(plain.shape)
        for axis in (0, 1):
            if plain.shape[axis] < 3:
                continue
            later = np.take(plain, range(1, plain.shape[axis]), axis=axis)
            wanted = np.take(target, range(plain.shape[axis] - 1), axis=axis)
            agreements[axis].append(float(np.mean(np.isclose(later.astype(float), wanted.astype(float), atol=1e-5))))
    means = {axis: float(np.mean(values)) if values else 0.0 for axis, values in agreements.items()}
    for axis in (0, 1):
        if means[axis] > AGREE and means[1 - axis] < AGREE:
            return axis
    return None
