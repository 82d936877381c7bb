"""The script's own arrays, of which the batches are rows: do inputs and targets stand side by side in them?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..baselines.dependence import FOLDS, Array, Dependence, Floats, as_numbers, echo_states, explained, window_features
from ..trace.events import TableSeen
from .pairs import marks, pairs_of

if TYPE_CHECKING:
    from .chart import Signs

FARTHEST = 120
LEAST_ROWS = 100
CLEAR, TIMES = 0.1, 3.0
"""Skill by which, and times so much as, the best shift must be above every other: rows of other samples tell nothing."""
RARE = 0.9
STRANGERS = 6.0
"""Correlation of neighbouring rows, in standard errors, up to which they count as samples drawn one by one: any column with any
other, as windows of one series have each other's values in other places."""
HELD_WITHIN = 0.995
"""Skill of a ridge from which the targets of earlier rows are values of these inputs: what a forecast of noise looks like."""


@dataclass(frozen=True, slots=True)
class RowShift:
    """The targets belong to the inputs `rows` before them in their arrays: `found` is what these tell, `beside` the skill from the
    inputs that stand beside them."""

    rows: int
    found: Dependence
    beside: float
    table: TableSeen


def row_shift(signs: Signs) -> RowShift | None:
    """The shift of the arrays that the batches were rows of; None where there is none, or rows are not samples drawn one by one
    (then other rows may tell a sample's target by right, as the next one tells what a forecast is asked for)."""
    if any(call.carried for call in signs.wiring.calls):
        return None  # What a row was told goes on into the next one.
    pairs = pairs_of(signs)
    if pairs is not None and pairs.found:
        return None  # Something hangs on the inputs as they stand: not looked for.
    return next((s for s in row_shifts(signs) if s.table.fed), None)


def row_shifts(signs: Signs) -> tuple[RowShift, ...]:
    """Of every pair of arrays that was in sight, also held-back ones, those that are shifted."""
    memo = signs.memo("row-shifts", lambda: tuple(s for t in tables(signs) if (s := _shift(signs, t)) is not None))
    return memo if isinstance(memo, tuple) else ()


def tables(signs: Signs) -> list[TableSeen]:
    return [t for t in signs.trace.of(TableSeen) if t.training == signs.training or not t.fed]


def _shift(signs: Signs, table: TableSeen) -> RowShift | None:
    x, y = signs.trace.array(table.x), signs.trace.array(table.y)
    if x is None or y is None or len(x) < LEAST_ROWS or len(x) != len(y):
        return None
    tokens = bool(np.issubdtype(x.dtype, np.integer)) and x.ndim <= 2
    given = as_numbers(x, tokens)
    classes = signs.fed.is_classes or signs.fed.is_binary
    flat = y.reshape(len(y), -1)
    wanted = marks(flat[:, -1]) if classes else flat[:, -8:].astype(np.float64)
    if given is None or wanted is None or not np.isfinite(given).all() or not np.isfinite(wanted).all():
        return None
    if not (wanted.std(axis=0) > 1e-12).any() or _in_order(window_features(given)) or _in_order(wanted):
        return None
    most = min(FARTHEST, len(x) // 4)
    states = echo_states(given)
    best: RowShift | None = None
    for features, what in (
        (window_features(given), "ridge on the window"),
        (np.concatenate([states[:, -1], states.mean(axis=1)], axis=1), "ridge on echo states"),
    ):
        skills = _by_shift(features, wanted, most)
        at = int(skills.argmax())
        others = float(np.delete(skills, at).max())
        if at == most or skills[at] < max(others + CLEAR, TIMES * others) or (best is not None and skills[at] <= best.found.skill):
            continue
        if at in (most - 1, most - 2) or (at < most and skills[at] > HELD_WITHIN):
            continue
        found = Dependence(float(skills[at]), max(0.0, others), len(x), what)
        best = RowShift(at - most, found, float(skills[most]), table)
    return best


def _by_shift(features: Floats, wanted: Floats, most: int) -> Floats:
    """(2 * most + 1,) cross-validated skill from each row of the targets so many rows further on, -most to most."""
    spread = features.std(axis=0)
    features = features[:, spread > 1e-12]
    if not features.shape[1]:
        return np.zeros(2 * most + 1)
    features = (features - features.mean(axis=0)) / features.std(axis=0)
    targets = np.concatenate([np.roll(wanted, -k, axis=0) for k in range(-most, most + 1)], axis=1)
    return explained(features, targets, np.arange(len(features)) * FOLDS // len(features), wanted.shape[1])


def _in_order(values: Array) -> bool:
    """Do neighbouring rows hang together? (What is the same in nearly all rows says nothing: two that meet may do so by chance.)"""
    common = np.array([np.unique(column, return_counts=True)[1].max() for column in values.T]) / max(1, len(values))
    kept = values[:, common < RARE]
    if not kept.shape[1]:
        return False
    kept = (kept - kept.mean(axis=0)) / kept.std(axis=0)
    related = np.abs(kept[1:].T @ kept[:-1]) / (len(kept) - 1)
    return bool(related.max() > max(0.15, STRANGERS / np.sqrt(len(kept))) or np.diag(related).max() > max(0.1, 4 / np.sqrt(len(kept))))
