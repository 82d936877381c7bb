"""Are the targets sorted, and the inputs not? Told by windows of one series, whose overlap says in which order they stand."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from .pairs import Floats, Pairs, pairs_of
from .recorded import Piece, pieces

if TYPE_CHECKING:
    from .chart import Signs

NEIGHBOURS = 60
MOVES = 20
"""Neighbours that differ, of which none falls: by chance once in a million times."""
KINDS = 20
ALL = 0.99
BOTH_WAYS = 0.2
SAME = 0.1
"""Largest distance between two distribution functions that are called the same (Kolmogorov-Smirnov)."""


@dataclass(frozen=True, slots=True)
class SortedApart:
    """`neighbours`: pairs of windows that follow each other in the series and have different targets; `rising`: the share
    of them in which the later target is the larger one, and `wanders` that of the values of `feature`, which the targets are."""

    neighbours: int
    rising: float
    feature: int
    wanders: float


def sorted_apart(signs: Signs) -> SortedApart | None:
    """None unless the targets rise all the way and are, bit for bit and as often, values of a feature that does not."""
    memo = signs.memo("sorted-apart", lambda: _sorted_apart(pairs_of(signs), pieces(signs)))
    return memo if isinstance(memo, SortedApart) else None


def _sorted_apart(pairs: Pairs | None, found: tuple[Piece, ...]) -> SortedApart | None:
    if pairs is None or pairs.numbers is None or pairs.classes or pairs.steps or pairs.y.size != len(pairs):
        return None
    in_time = [sorted(piece, key=lambda at: at[1]) for piece in found]
    both = [(a, b) for piece in in_time for (a, s), (b, t) in pairwise(piece) if s < t]
    if len(both) < NEIGHBOURS:
        return None
    before, after = np.array(both).T
    y = pairs.y.reshape(-1).astype(np.float64)
    neighbours, rising = _rises(y[before], y[after])
    if neighbours < MOVES or rising < ALL:
        return None
    for feature in range(pairs.numbers.shape[2]):
        column = pairs.numbers[:, :, feature]
        kinds = np.unique(column)
        if len(kinds) < KINDS or float(np.isin(y, kinds).mean()) < ALL or _apart(y, column[:, -1]) > SAME:
            continue
        moves, wanders = _rises(column[before, -1], column[after, -1])
        if moves >= MOVES and BOTH_WAYS < wanders < 1 - BOTH_WAYS:
            return SortedApart(neighbours, rising, feature, wanders)
    return None


def _rises(before: Floats, after: Floats) -> tuple[int, float]:
    moved = before != after
    return int(moved.sum()), float((after > before)[moved].mean()) if moved.any() else 0.0


def _apart(one: Floats, other: Floats) -> float:
    grid = np.concatenate([one, other])
    shares = [np.searchsorted(np.sort(part), grid, side="right") / len(part) for part in (one, other)]
    return float(np.abs(shares[0] - shares[1]).max())
