"""Weight decay pulls harder than the gradient."""

from __future__ import annotations

from ...signs import Signs
from ...words import Judgement
from ..cause import Cause, finding
from ..places import loss_place
from ..what_if import arm_evidence, confidence, lead, ruled_out, severity


def judge(signs: Signs) -> Judgement:
    decay = signs.step.weight_decay
    if not signs.step.count:
        return CAUSE.not_judged("an optimizer that steps")
    if decay <= 0:
        return CAUSE.healthy("no weight decay")
    arm = lead(signs, "set-weight-decay")
    if arm is not None:
        start, end = signs.update.weight_course
        return finding(
            CAUSE.id,
            f"Weight decay {decay:.3g} holds the weights down: without it the same {arm.steps} steps reach skill {arm.skill:.2f}.",
            [
                *arm_evidence(signs, arm),
                ("norm of the weights at the start", start, ""),
                ("norm of the weights at the end", end, "grows, or stays"),
            ],
            confidence=confidence(signs, arm, end < start),
            severity=severity(signs, arm),
            proof="intervention",
            where=loss_place(signs),
            panels=("what-if", "updates"),
        )
    return ruled_out(CAUSE, signs, "set-weight-decay")


CAUSE = Cause("weight-decay-too-high", judge, __doc__, needs=("updates", "what-if"), fixes=("set-weight-decay",))
