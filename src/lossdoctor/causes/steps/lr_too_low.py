"""The learning rate is too low."""

from __future__ import annotations

from ...signs import Signs
from ...signs.standing import learned
from ...words import Judgement
from ..cause import Cause, finding
from ..places import loss_place
from ..what_if import arm_evidence, confidence, lead, ruled_out, severity
from .too_few_epochs import stopped_early


def judge(signs: Signs) -> Judgement:
    rate = signs.step.lr_peak
    if signs.step.count and signs.step.lr_peak == 0:
        return finding(
            CAUSE.id, "The learning rate is 0: no step moves anything.", [("learning rate", 0.0, "> 0")],
            confidence=0.98, where=loss_place(signs), since_step=0, panels=("rate",),
        )  # fmt: skip
    arm = lead(signs, "raise-lr")
    if arm is not None and not stopped_early(signs, arm):
        factor = float(arm.args.get("factor", 10))
        return finding(
            CAUSE.id,
            f"The learning rate {rate:.3g} is about {factor:.0f} times too low: after {arm.steps} steps the skill is "
            f"{_number(arm.original)}; at {rate * factor:.3g}, all else equal, it is {arm.skill:.2f}.",
            [
                *arm_evidence(signs, arm),
                ("update / weight at each of the first steps", signs.update.ratio(0, 10), "about 1e-3 to 2e-2"),
            ],
            confidence=confidence(signs, arm, signs.update.ratio(0, 10) < 1e-3),
            severity=severity(signs, arm),
            proof="intervention",
            where=loss_place(signs),
            panels=("what-if", "loss", "updates"),
        )
    if learned(signs) and not signs.arms:
        return CAUSE.healthy(f"the run learns at its rate {rate:.3g}")
    if arm is not None:
        return CAUSE.healthy("a higher rate does better, but the run is short and its steps are of the usual size: too-few-epochs")
    return ruled_out(CAUSE, signs, "raise-lr")


def _number(value: float | None) -> str:
    return "not finite" if value is None else f"{value:.2f}"


CAUSE = Cause("lr-too-low", judge, __doc__, needs=("loss", "what-if"), fixes=("raise-lr",))
