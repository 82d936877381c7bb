"""Are whole-numbered targets amounts or names? By whom a simple learner confuses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..baselines.learner import Array, predictions


@dataclass(frozen=True, slots=True)
class Confusion:
    """`nearness`: mean distance between a target and the wrong answer given for it, over what wrong answers drawn
    by their frequency alone would have. Amounts are taken for their neighbours (well below 1), names for any."""

    nearness: float
    mistakes: int
    accuracy: float


def confusion(pairs: list[tuple[Array, Array]]) -> Confusion | None:
    """None with fewer than three values, or fewer than 30 mistakes to look at."""
    found = predictions([(x, np.round(y).astype(int)) for x, y in pairs])
    if found is None:
        return None
    truth, given = found
    wrong = truth != given
    if wrong.sum() < 30 or len(np.unique(truth)) < 3:
        return None
    observed = float(np.abs(truth[wrong] - given[wrong]).mean())
    shares = np.bincount(given, minlength=int(truth.max()) + 1) / len(given)
    expected = []
    for value in truth[wrong]:
        weights = shares.copy()
        weights[value] = 0.0
        total = weights.sum()
        if total > 0:
            expected.append(float((weights * np.abs(np.arange(len(weights)) - value)).sum() / total))
    return Confusion(observed / max(1e-9, float(np.mean(expected))), int(wrong.sum()), float((~wrong).mean()))
