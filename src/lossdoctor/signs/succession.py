"""In which order do the samples come: mixed, or one kind after the other?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from .chart import Signs

Array = npt.NDArray[Any]

NARROW = 0.5
"""Spread of the targets within a batch, as a share of that over all, below which batches are of one kind."""


@dataclass(frozen=True, slots=True)
class Narrow:
    """`within`: spread of the targets in a batch over that of all (entropy of classes, variance of numbers);
    `by_chance` the same for mixed samples; `forgets`: how much worse, in skill, a batch is answered that follows
    one of another kind than one that follows its own; `batches` seen one after the other."""

    within: float
    by_chance: float
    forgets: float
    batches: int
    carried: bool


def narrow(signs: Signs) -> Narrow | None:
    """None where batches are as mixed as chance makes them, or too small or few to tell."""
    memo = signs.memo("narrow", lambda: _narrow(signs))
    return memo if isinstance(memo, Narrow) else None


def _narrow(signs: Signs) -> Narrow | None:
    batches = [b for b in signs.fed.batches if b.y is not None and b.y.size >= 4 and b.y.ndim <= 2 and b.number < 200]
    if len(batches) < 10 or signs.fed.targets is None:
        return None
    if any(b.y is not None and b.y.ndim == 2 and b.y.shape[1] > 1 for b in batches):
        return None
    classes = signs.fed.is_classes or signs.fed.is_binary
    targets = [b.y.reshape(-1) for b in batches if b.y is not None]
    every = np.concatenate(targets)
    if not classes and not np.isfinite(every).all():
        return None
    whole = _spread(every, classes)
    if not whole > 1e-9:
        return None
    rng = np.random.default_rng(0)
    within = float(np.mean([_spread(t, classes) for t in targets])) / whole
    mixed = float(np.mean([_spread(rng.choice(every, len(t)), classes) for t in targets])) / whole
    if within > NARROW * mixed:
        return None
    carried = any(c.carried for c in signs.wiring.calls)
    return Narrow(within, mixed, _forgets(signs, classes), len(batches), carried)


def _spread(values: Array, classes: bool) -> float:
    if not classes:
        return float(np.var(values.astype(np.float64)))
    shares = np.unique(values, return_counts=True)[1] / len(values)
    return float(-(shares * np.log(shares)).sum())


def _forgets(signs: Signs, classes: bool) -> float:
    """Loss of a batch whose targets are unlike those before it, less that of one which goes on, in skill; over the
    second half of the run. 0 where neither kind was captured."""
    loss = signs.loss
    shown = [b for b in signs.fed.batches if b.y is not None and b.p is not None]
    if not shown or not loss.count:
        return 0.0
    after: list[float] = []
    going: list[float] = []
    whole = math.sqrt(max(1e-12, float(np.var(np.concatenate([b.y.reshape(-1) for b in shown if b.y is not None])))))
    value = dict(zip((int(s) for s in loss.steps), loss.per_element, strict=True))
    for earlier, later in pairwise(shown):
        if later.number - earlier.number != 1 or later.step not in value or earlier.y is None or later.y is None:
            continue
        if classes:
            other = _commonest(earlier.y) != _commonest(later.y)
        else:
            other = abs(float(np.mean(earlier.y)) - float(np.mean(later.y))) > 0.5 * whole
        (after if other else going).append(loss.skill_of(float(value[later.step])))
    if len(after) < 2 or len(going) < 3:
        return 0.0
    return float(np.median(going) - np.median(after))


def _commonest(values: Array) -> float:
    kinds, counts = np.unique(values, return_counts=True)
    return float(kinds[counts.argmax()])
