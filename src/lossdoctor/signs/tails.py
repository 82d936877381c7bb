"""A few values far beyond all others, in the inputs or the targets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..baselines.dependence import Dependence
from .pairs import Pairs, pairs_of

if TYPE_CHECKING:
    from .chart import Signs

Floats = npt.NDArray[np.float64]

FAR = 20.0
"""Robust z = |x - median| / (1.4826 MAD) beyond which a value is extreme."""
KEPT = 6.0
"""Robust z up to which a value is ordinary: extreme ones are held where the last of these lies."""
MOST = 0.08
CARRY = 0.5


@dataclass(frozen=True, slots=True)
class Tails:
    """`share` of values that are extreme, up to robust z `far`, and the share of the variance that they carry;
    `low`, `high` where the ordinary values end, `mean` and `std` those of the values held there."""

    share: float
    far: float
    carry: float
    low: float
    high: float
    mean: float
    std: float

    @property
    def heavy(self) -> bool:
        return 0 < self.share <= MOST and self.carry > CARRY


def tails(values: npt.NDArray[Any]) -> Tails | None:
    """None for fewer than 60 finite values, or where half of them are one number."""
    good = values[np.isfinite(values)].astype(np.float64).reshape(-1)
    if good.size < 60:
        return None
    middle = float(np.median(good))
    spread = 1.4826 * float(np.median(np.abs(good - middle)))
    if not spread > 1e-9 * float(np.abs(good).max()) or len(np.unique(good[:2000])) < 12:
        return None
    z = np.abs(good - middle) / spread
    extreme = z > FAR
    total = float(((good - middle) ** 2).sum())
    carry = float(((good[extreme] - middle) ** 2).sum() / total) if total > 0 else 0.0
    ordinary = good[z <= KEPT]
    low, high = float(ordinary.min()), float(ordinary.max())
    held = good.clip(low, high)
    return Tails(float(extreme.mean()), float(z.max()), carry, low, high, float(held.mean()), max(float(held.std()), 1e-12))


def target_tails(signs: Signs) -> Tails | None:
    values = signs.fed.targets if signs.fed.is_regression else None
    memo = signs.memo("target_tails", lambda: None if values is None else tails(values))
    return memo if isinstance(memo, Tails) else None


def input_tails(signs: Signs) -> tuple[Tails | None, ...]:
    """By feature; empty for tokens."""
    memo = signs.memo("input_tails", lambda: _by_feature(signs))
    return memo if isinstance(memo, tuple) else ()


def _by_feature(signs: Signs) -> tuple[Tails | None, ...]:
    values = signs.fed.features
    if values is None or values.shape[1] > 256:
        return ()
    return tuple(tails(column) for column in values.T)


def any_tails(signs: Signs) -> bool:
    targets = target_tails(signs)
    return (targets is not None and targets.heavy) or any(t is not None and t.heavy for t in input_tails(signs))


def tail_limits(signs: Signs) -> dict[str, Any] | None:
    """The arguments of `winsorise` as a knob takes them; None without heavy tails."""
    if not any_tails(signs):
        return None
    inputs, targets, stats = input_tails(signs), target_tails(signs), signs.fed.feature_stats
    x: list[list[float]] = []
    if any(t is not None and t.heavy for t in inputs) and stats is not None:
        sides = [
            (t.low, t.high, t.mean, t.std)
            if t is not None and t.heavy
            else (-1e30, 1e30, float(m), float(s) if s > 1e-12 else 1.0)
            for t, m, s in zip(inputs, *stats, strict=True)
        ]
        x = [[side[i] for side in sides] for i in range(4)]
    heavy = targets is not None and targets.heavy
    y = [targets.low, targets.high, targets.mean, targets.std] if targets is not None and heavy else []
    share = max(t.share for t in (*inputs, targets) if t is not None and t.heavy)
    return {"x": x, "y": y, "share": min(0.1, max(0.005, round(share, 3)))}


def held_within(signs: Signs) -> Dependence | None:
    """What the best simple learner gets once the extreme values are held within the limits of the others."""
    memo = signs.memo("held_within", lambda: _held_within(signs, pairs_of(signs)))
    return memo if isinstance(memo, Dependence) else None


def _held_within(signs: Signs, pairs: Pairs | None) -> Dependence | None:
    if pairs is None or pairs.tokens or (pairs.classes and not input_tails(signs)):
        return None
    x, y = pairs.x.astype(np.float64), pairs.y
    features = input_tails(signs)
    if features and x.shape[-1] == len(features):
        low = np.array([t.low if t is not None and t.heavy else -np.inf for t in features])
        high = np.array([t.high if t is not None and t.heavy else np.inf for t in features])
        x = x.clip(low, high)
    targets = target_tails(signs)
    if targets is not None and targets.heavy and not pairs.classes:
        y = y.astype(np.float64).clip(targets.low, targets.high)
    return Pairs(x, y, pairs.steps, pairs.tokens, pairs.classes, pairs.order, pairs.repeats, pairs.in_time).best


def ordinary_skill(signs: Signs) -> float | None:
    """The run's skill on the targets that are not extreme, over the last captured batches: 0 is what their own
    median gets. None without captured predictions of the targets' shape."""
    targets = target_tails(signs)
    shown = [b for b in signs.fed.batches if b.p is not None and b.y is not None and b.p.size == b.y.size]
    if targets is None or not targets.heavy or not shown:
        return signs.loss.skill
    late = [b for b in shown if b.step >= 0.6 * shown[-1].step]
    p = np.concatenate([b.p.reshape(-1) for b in late if b.p is not None]).astype(np.float64)
    y = np.concatenate([b.y.reshape(-1) for b in late if b.y is not None]).astype(np.float64)
    usual = (y > targets.low) & (y < targets.high) & np.isfinite(p)
    if usual.sum() < 30 or y[usual].std() == 0:
        return signs.loss.skill
    return float(1 - ((p[usual] - y[usual]) ** 2).mean() / y[usual].var())
