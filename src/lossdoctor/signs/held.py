"""What models were asked about while nothing was trained, as rows of features."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..trace.events import HeldInput
from .pairs import Array

if TYPE_CHECKING:
    from .chart import Signs


def held_inputs(signs: Signs) -> Array | None:
    """All rows of features that models were asked about in the last evaluations; None for tokens."""
    parts = held_parts(signs)
    rows = np.concatenate(parts[-4:]) if parts else None
    return rows if rows is not None and np.isfinite(rows).all() else None


def held_parts(signs: Signs) -> list[Array]:
    """Rows of features (n, features) of each captured batch that models were asked about without gradients."""
    arrays = [signs.trace.array(e.x) for e in signs.trace.of(HeldInput)]
    shape = signs.fed.inputs[0].shape if signs.fed.inputs else ()
    numbers = [a for a in arrays if a is not None and a.dtype.kind == "f"]
    alike = [a for a in numbers if a.ndim == len(shape) and a.shape[-1:] == shape[-1:]]
    return [a.reshape(-1, a.shape[-1]).astype(np.float64) for a in alike] if _a_window(shape) else []


def _a_window(shape: tuple[int, ...]) -> bool:
    return len(shape) >= 3 or (len(shape) == 2 and shape[1] <= 256)
