"""This optimizer gets nowhere here, where another does."""

from __future__ import annotations

from ...signs import Signs
from ...words import Judgement
from ..cause import Cause, finding
from ..places import loss_place
from ..what_if import arm_evidence, confidence, lead, ruled_out, severity


def judge(signs: Signs) -> Judgement:
    if not signs.step.count:
        return CAUSE.not_judged("an optimizer that steps")
    if signs.step.scale_free:
        return CAUSE.healthy(f"{signs.step.optimizer_name} adapts its steps")
    arm = lead(signs, "swap-optimizer")
    if arm is not None:
        rates = signs.best_arm("lower-lr", "raise-lr")
        return finding(
            CAUSE.id,
            f"{signs.step.optimizer_name} gets nowhere at any rate tried; Adam reaches skill {arm.skill:.2f} in the same steps.",
            [
                *arm_evidence(signs, arm),
                ("best skill with the same optimizer at another rate", rates.skill if rates is not None else None, ""),
            ],
            confidence=confidence(signs, arm, rates is not None) - 0.05,
            severity=severity(signs, arm),
            proof="intervention",
            where=loss_place(signs),
            panels=("what-if",),
        )
    return ruled_out(CAUSE, signs, "swap-optimizer")


CAUSE = Cause("optimizer-unsuited", judge, __doc__, needs=("updates", "what-if"), fixes=("swap-optimizer",))
