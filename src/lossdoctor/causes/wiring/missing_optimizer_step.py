"""Gradients are computed and nobody steps."""

from __future__ import annotations

from ...signs import Signs
from ...words import Judgement
from ..cause import Cause, finding
from ..places import loss_place

ENOUGH = 8
"""Backward passes without any update before one may say that none will come."""


def judge(signs: Signs) -> Judgement:
    backwards = signs.loss.count
    stepped = signs.step.optimizer is not None
    if backwards < ENOUGH:
        return CAUSE.not_judged(f"at least {ENOUGH} backward passes (saw {backwards})")
    if not stepped:
        changed = signs.update.ever_changed
        if any(changed.values()):
            return CAUSE.healthy("the weights are updated by hand, without an optimizer")
        if not changed:
            return CAUSE.not_judged("weights that could be compared between two backward passes")
        return finding(
            CAUSE.id,
            f"No update was ever made: {backwards} backward passes, no optimizer step, and not one weight has changed.",
            [
                ("backward passes", backwards, ""),
                ("optimizer steps", 0, "one for each batch"),
                ("weights that changed", 0, "all that want a gradient"),
            ],
            confidence=0.98,
            where=loss_place(signs),
            since_step=0,
            panels=("loss",),
        )
    many = signs.step.backwards[1:] if len(signs.step.backwards) > 1 else signs.step.backwards
    per_step = float(many.mean()) if len(many) else 1.0
    dropped = [u for u in signs.step.uses if u.dropped]
    if per_step > 1.5 and len(dropped) >= 0.5 * max(1, len(signs.step.uses)):
        return finding(
            CAUSE.id,
            f"Only one in {per_step:.0f} gradients is used: they are zeroed after each backward pass, and the optimizer "
            f"steps once for {per_step:.0f} of them.",
            [
                ("backward passes for each update", per_step, "1, or more where they add up"),
                ("updates made", signs.step.count, f"{backwards}"),
            ],
            confidence=0.9,
            where=loss_place(signs),
            panels=("loss",),
        )
    return CAUSE.healthy(f"{signs.step.count} optimizer updates for {backwards} backward passes")


CAUSE = Cause("missing-optimizer-step", judge, __doc__, needs=("updates",), fixes=("add-step",))
