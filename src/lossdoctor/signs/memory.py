"""At which lag do the inputs tell the target? Measured on the data alone, without the net."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..baselines.learner import reference

if TYPE_CHECKING:
    from .chart import Signs


@dataclass(frozen=True, slots=True)
class NeededLag:
    """`lag`: steps back at which inputs first give most of what the whole window gives a ridge; `within` and
    `beyond`: its skill on the inputs inside and outside of the net's memory horizon; `whole` on all."""

    lag: int
    within: float
    beyond: float
    whole: float


def needed_lag(signs: Signs) -> NeededLag | None:
    """None where a ridge finds nothing in the window (then nothing is known), or there are no float windows."""
    memo = signs.memo("needed_lag", lambda: _needed_lag(signs))
    return memo if isinstance(memo, NeededLag) else None


def _needed_lag(signs: Signs) -> NeededLag | None:
    pairs = signs.fed.once
    if not pairs:
        return None
    steps = pairs[0][0].shape[1]
    if steps < 6:
        return None
    horizon = signs.time.horizon()
    reach = int(min(steps, horizon)) if np.isfinite(horizon) else steps
    whole = reference(pairs, signs.fed.is_classes)
    if whole is None or whole.skill < 0.1:
        return None

    def skill(start: int, stop: int) -> float:
        if stop <= start:
            return 0.0
        part = reference([(x[:, start:stop], y) for x, y in pairs], signs.fed.is_classes)
        return max(0.0, part.skill) if part is not None else 0.0

    lag = steps
    low, high = 1, steps
    while low < high:
        mid = (low + high) // 2
        if skill(steps - mid, steps) >= 0.7 * whole.skill:
            high = mid
        else:
            low = mid + 1
    lag = low
    return NeededLag(lag, skill(steps - reach, steps), skill(0, steps - reach), whole.skill)


def single_step(signs: Signs) -> tuple[int, ...] | None:
    """The shape of the input, where every call of a recurrent layer is given one time step and no state: None otherwise.
    A loop over cells counts by its steps. Packed sequences and carried states have their time elsewhere."""
    calls = signs.wiring.calls
    if not calls or any(c.carried or c.packed for c in calls):
        return None
    if all(c.cell.endswith("cell") for c in calls):
        x = next((b.x for b in signs.fed.batches if b.x is not None), None)
        looped_once = signs.time.steps_seen == 1 and x is not None and x.ndim == 3 and 1 in x.shape[:2]
        return tuple(x.shape) if looped_once and x is not None else None
    if any(c.cell.endswith("cell") or len(c.input_shape) != 3 for c in calls):
        return None
    if any(c.input_shape[1 if c.batch_first else 0] != 1 or c.input_shape[0 if c.batch_first else 1] < 2 for c in calls):
        return None
    return calls[0].input_shape


LONG = 40


def croppable(signs: Signs) -> tuple[int, int] | None:
    """(steps, time axis): the last quarter of a long window of real steps, where one target a sequence is told by
    what a ridge sees there as well as by all of it. None where nothing speaks for a shorter window."""
    first = next((b for b in signs.fed.batches if b.x is not None and b.y is not None and b.x.ndim in (2, 3)), None)
    if first is None or first.x is None or first.y is None or signs.time.steps_seen < LONG:
        return None
    if any(c.packed for c in signs.wiring.calls) or (first.x.ndim == 2 and not signs.fed.integer_inputs):
        return None
    turned = first.x.shape[0] != first.y.shape[0] == first.x.shape[1]
    steps = first.x.shape[0 if turned else 1]
    if steps < LONG or (not turned and first.x.shape[0] != first.y.shape[0]) or first.y.size > 16 * first.y.shape[0]:
        return None
    need = needed_lag(signs)
    quarter = steps // 4
    return None if need is None or need.lag > quarter else (quarter, 0 if turned else 1)
