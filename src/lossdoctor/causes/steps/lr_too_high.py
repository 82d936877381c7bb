"""The learning rate is too high."""

from __future__ import annotations

from ...signs import Signs
from ...signs.standing import learned
from ...words import Judgement
from ..cause import Cause, finding
from ..places import loss_place
from ..what_if import arm_evidence, confidence, lead, ruled_out, severity


def judge(signs: Signs) -> Judgement:
    arm = lead(signs, "lower-lr")
    rate = signs.step.lr_peak
    if arm is not None:
        factor = float(arm.args.get("factor", 0.1))
        loss = signs.loss
        diverged = loss.first_bad is not None or loss.end > 2 * max(loss.start, loss.best)
        how = "the loss blew up" if diverged else "the loss stays where it is"
        return finding(
            CAUSE.id,
            f"The learning rate {rate:.3g} is about {1 / factor:.0f} times too high: {how}; at {rate * factor:.3g}, all else "
            f"equal, the same {arm.steps} steps reach skill {arm.skill:.2f}.",
            [
                *arm_evidence(signs, arm),
                ("update / weight at each of the first steps", signs.update.ratio(0, 10), "about 1e-3 to 2e-2"),
            ],
            confidence=confidence(signs, arm, diverged),
            severity=severity(signs, arm),
            proof="intervention",
            where=loss_place(signs),
            panels=("what-if", "loss", "updates"),
        )
    if learned(signs) and not signs.arms:
        return CAUSE.healthy(f"the run learns at its rate {rate:.3g}")
    loss = signs.loss
    if not signs.arms and loss.first_bad is None and loss.count > 30 and loss.end > 2 * loss.start and loss.skill_of(loss.end) < 0:
        spike = signs.step.first_spike
        if signs.update.ratio(0, 10) > 0.2 and (spike is None or spike[1] < 30):
            return finding(
                CAUSE.id,
                f"The loss rose from {loss.start:.3g} to {loss.end:.3g} with updates of {signs.update.ratio(0, 10):.0%} of the "
                f"weights at each step: the learning rate {rate:.3g} overshoots.",
                [
                    ("loss at the start", loss.start, ""),
                    ("loss at the end", loss.end, "below the start"),
                    ("update / weight at each of the first steps", signs.update.ratio(0, 10), "about 1e-3 to 2e-2"),
                ],
                confidence=0.6,
                severity="warning",
                proof="statistics",
                where=loss_place(signs),
                panels=("loss", "updates"),
            )
    return ruled_out(CAUSE, signs, "lower-lr")


CAUSE = Cause("lr-too-high", judge, __doc__, needs=("loss", "what-if"), fixes=("lower-lr",))
