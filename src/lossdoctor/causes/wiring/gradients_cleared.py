"""Gradients are zeroed before the step can use them."""

from __future__ import annotations

from ...signs import Signs
from ...words import Judgement
from ..cause import Cause, finding
from ..places import loss_place


def judge(signs: Signs) -> Judgement:
    uses = signs.step.uses
    if len(uses) < 2:
        return CAUSE.not_judged("at least two optimizer updates")
    cleared = [u for u in uses if u.cleared]
    if len(cleared) < 0.5 * len(uses):
        return CAUSE.healthy(f"the updates found the gradients that the backward pass had left ({len(uses)} looked into)")
    after = max((u.after_backward for u in uses), default=0.0)
    return finding(
        CAUSE.id,
        f"Every update sees zeros: {len(cleared)} of {len(uses)} optimizer steps found no gradient, although the "
        f"backward pass gives one (norm {after:.3g}).",
        [
            ("gradient norm after the backward pass", after, "> 0"),
            ("gradient norm at the optimizer step", 0.0, "the same"),
            ("updates that saw nothing, share", len(cleared) / len(uses), "0"),
        ],
        confidence=0.98,
        where=loss_place(signs),
        since_step=cleared[0].step,
        panels=("gradients", "loss"),
    )


CAUSE = Cause("gradients-cleared", judge, __doc__, needs=("gradient use",), fixes=("move-zero-grad",))
