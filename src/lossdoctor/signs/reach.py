"""How far Adam can bring an output at all: an exact bound (from Kingma & Ba 2015, section 2.1: |step| <= lr * max(1, (1 - b1) / sqrt(1 - b2)))."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from .chart import Signs

BOUNDED = frozenset({"Adam", "AdamW", "NAdam", "RAdam", "Adamax"})


@dataclass(frozen=True, slots=True)
class Reach:
    """`reach`: largest |output| after `updates` steps; `needed`: median |target|; `steps`: updates to get there."""

    reach: float
    needed: float
    updates: int
    steps: float


def steps_to_reach(signs: Signs) -> Reach | None:
    """For a linear head on bounded features (a recurrence's h in (-1, 1)): |b| + sum |w| + max(1, (1-b1)/sqrt(1-b2))
    * sum of rates * (H + 1). Holds for Adam and its kin only; None otherwise."""
    step = signs.step
    if step.optimizer is None or step.optimizer_name not in BOUNDED or not signs.fed.is_regression or not step.count:
        return None
    head = _head(signs)
    targets = signs.fed.targets
    if head is None or targets is None:
        return None
    features, start = head
    group = step.optimizer.groups[0]
    beta1, beta2 = group.betas[:2] if len(group.betas) >= 2 else (0.9, 0.999)
    factor = max(1.0, (1 - beta1) / math.sqrt(max(1e-12, 1 - beta2)))
    rates = step.lr[np.isfinite(step.lr)]
    total = float(rates.sum())
    reach = start + factor * total * (features + 1)
    needed = float(np.median(np.abs(targets[np.isfinite(targets)].astype(float))))
    per_step = factor * float(rates.mean()) * (features + 1) if rates.size else 0.0
    steps = max(0.0, (needed - start) / per_step) if per_step > 0 else math.inf
    return Reach(reach, needed, step.count, steps)


def _head(signs: Signs) -> tuple[int, float] | None:
    """(inputs of the last linear layer, |bias| + sum of |weights| at most at the start), if it sits on a recurrence."""
    if not signs.wiring.connected or not signs.wiring.calls:
        return None
    chain = signs.wiring.connected[0].chain
    layers = [op for op in chain if op in ("AddmmBackward", "MmBackward", "LinearBackward", "ViewBackward")]
    if not layers or not any("Rnn" in op for op in chain):
        return None
    facts = [f for _, f in sorted(signs.wiring.facts.items()) if f.role == "weight" and len(f.shape) == 2]
    if not facts or facts[-1].shape[0] > 4:
        return None
    last = facts[-1]
    return last.shape[1], last.shape[1] * last.max_abs + 1.0
