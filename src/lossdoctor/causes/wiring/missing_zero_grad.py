"""Gradients of earlier steps are still there at the next one."""

from __future__ import annotations

from ...signs import Signs
from ...words import Judgement
from ..cause import Cause, finding
from ..places import loss_place


def judge(signs: Signs) -> Judgement:
    uses = [u for u in signs.step.uses if u.step > 0]
    if len(uses) < 2:
        return CAUSE.not_judged("at least three optimizer updates")
    reused = [u for u in uses if u.reused]
    if len(reused) < 0.5 * len(uses):
        return CAUSE.healthy(f"no gradient was used by two updates ({len(uses)} updates looked into)")
    norms = signs.step.grad_norm
    start, end = (float(norms[0]), float(norms[-1])) if len(norms) else (0.0, 0.0)
    return finding(
        CAUSE.id,
        f"The gradients are never zeroed: {len(reused)} of {len(uses)} updates looked into used a gradient that still "
        "held what an earlier update had used.",
        [
            ("updates that used an old gradient again, share", len(reused) / len(uses), "0"),
            ("gradient norm at the first update", start, ""),
            ("gradient norm at the last update", end, "of the order of the first"),
        ],
        confidence=0.98,
        where=loss_place(signs),
        since_step=reused[0].step,
        panels=("gradients", "loss"),
    )


CAUSE = Cause("missing-zero-grad", judge, __doc__, needs=("gradient use",), fixes=("add-zero-grad",))
