"""Does what cannot be told hang on one token? Simple learners' errors by how often the token stands in a sequence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..baselines.dependence import left_over, window_features
from .pairs import Floats, Pairs, marks, pairs_of

if TYPE_CHECKING:
    from .chart import Signs

ENOUGH = 100
COLUMNS = 400


@dataclass(frozen=True, slots=True)
class Dose:
    """Cross-validated skill of a ridge on sequences without the token and on such as hold nothing else, from a line through
    the errors of all sequences; `z`: how many standard errors its slope is from 0."""

    without: float
    alone: float
    z: float


def dose(signs: Signs, token: int) -> Dose | None:
    """None where sequences and targets are too few or too many to pair, or all sequences have the token as often."""
    memo = signs.memo(f"dose-{token}", lambda: _dose(pairs_of(signs), token))
    return memo if isinstance(memo, Dose) else None


def _dose(pairs: Pairs | None, token: int) -> Dose | None:
    if pairs is None or not pairs.tokens or pairs.numbers is None or len(pairs) < ENOUGH:
        return None
    y = _columns(pairs)
    share = (pairs.x.reshape(len(pairs), -1) == token).mean(axis=1)
    if y is None or not share.std() > 1e-9:
        return None
    errors = left_over(window_features(pairs.numbers), y)
    design = np.stack([np.ones(len(share)), share], axis=1)
    (base, slope), *_ = np.linalg.lstsq(design, errors, rcond=None)
    spread = float((errors - base - slope * share).std()) / (share.std() * np.sqrt(len(share)))
    return Dose(float(1 - base), float(1 - base - slope), float(slope / max(spread, 1e-12)))


def _columns(pairs: Pairs) -> Floats | None:
    """Every target of a sequence: classes as marks. None where some are left out."""
    y = pairs.y.reshape(len(pairs), -1)
    if not pairs.classes:
        return y.astype(np.float64) if np.isfinite(y).all() and y.shape[1] <= COLUMNS else None
    made = [marks(column) for column in y.T] if (y >= 0).all() and y.shape[1] <= COLUMNS / 2 else []
    kept = [m for m in made if m is not None]
    return np.concatenate(kept, axis=1) if kept and sum(m.shape[1] for m in kept) <= COLUMNS else None
