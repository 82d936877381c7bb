"""Does the run learn at all? By skill: what the loss says against the best constant prediction."""

from __future__ import annotations

from ..signs import Signs
from ..signs.arms import LEARNS
from ..signs.net import MOSTLY_LOST, lost_updates
from ..words import Verdict

ENOUGH = 20
"""Updates below which nothing is said about learning, unless something else is proven."""

SETTLED = 0.02
"""Skill still gained over the last fifth of a run below which its curve is flat."""


def verdict(signs: Signs) -> Verdict:
    """One of six words; of data alone "fit", until a finding says otherwise.

    Trap: a loss that went up is not diverged while it is below where it started.
    """
    loss = signs.loss
    if signs.data is not None:
        return "fit"
    if not loss.count:
        return "never-started"
    if loss.first_bad is not None:
        return "diverged"
    changed = signs.update.ever_changed
    if changed and not any(changed.values()):
        return "never-started"
    if not signs.wiring.connected and signs.wiring.graphs:
        return "never-started"
    skill = loss.skill if loss.skill is not None else 0.0
    # A run that we have ended ourselves has not said its last word either.
    by_us = signs.ended is not None and signs.ended.how == "stopped"
    if loss.count < (3 * ENOUGH if by_us else ENOUGH) and skill < 0.8:
        return "too-short"
    if loss.end > 3 * abs(loss.start) + 1e-12 and skill < 0:
        return "diverged"
    gain, z = loss.still_falling
    falling = gain > SETTLED and z < -2
    # That another optimizer gets further does not make a run that learns a stalled one.
    cured = any(arm.cures for arm in signs.arms if arm.fix != "swap-optimizer" or skill < LEARNS)
    if loss.relative:
        return _without_a_constant(signs, falling)
    if falling and skill > 0.05:
        return "learning" if skill >= LEARNS or gain > 0.05 else "stalled"
    if skill >= LEARNS:
        if (cured and skill < 0.5) or (_updates_are_lost(signs) and not falling):
            return "stalled"
        return "converged" if not falling else "learning"
    reference = signs.reference
    if reference is not None and skill >= 0.05 and reference.skill <= skill + 0.05 and not cured:
        return "converged"
    return "stalled"


def _updates_are_lost(signs: Signs) -> bool:
    """Flat because its steps are rounded away is not flat because it is done."""
    return any(a.fix == "use-float32" and a.helps for a in signs.arms) and (lost_updates(signs) or 0.0) > MOSTLY_LOST


def _without_a_constant(signs: Signs, falling: bool) -> Verdict:
    """No loss function was recognised: the loss against its own start is all there is."""
    loss = signs.loss
    drop = (loss.start - loss.end) / max(abs(loss.start), 1e-12)
    if drop > 0.15 or (loss.start < 0 and loss.end < loss.start):
        return "learning" if falling else "converged"
    return "stalled"
