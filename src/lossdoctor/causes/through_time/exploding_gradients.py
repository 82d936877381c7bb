"""The gradient grows through time or depth until it blows the weights apart."""

from __future__ import annotations

from ...signs import Signs
from ...signs.standing import gradient_grows
from ...words import Judgement
from ..cause import Cause, finding
from ..places import recurrent_place
from ..what_if import arm_evidence, confidence, lead, ruled_out, severity


def judge(signs: Signs) -> Judgement:
    worst = signs.time.worst_growth
    spike = signs.step.first_spike
    arm = lead(signs, "add-clip")
    evidence: list[tuple[str, float | int | str | bool | None, str]] = []
    if worst is not None:
        evidence.append(("growth of dL/dh for each step back in time", worst[0], "at most 1"))
        evidence.append((f"its growth over {worst[2].time} steps, factor", float(10.0 ** min(300.0, worst[1])), "below 100"))
    if spike is not None:
        evidence.append((f"jump of the gradient norm at step {spike[0]}, factor", spike[1], "below 10"))
    if arm is not None:
        return finding(
            CAUSE.id,
            "The gradients explode"
            + (f": dL/dh grows {worst[0]:.2f}-fold with each step back in time" if worst is not None and gradient_grows(signs) else "")
            + f"; clipped at norm {float(arm.args.get('max_norm', 1.0)):.3g}, the same steps reach skill {arm.skill:.2f}.",
            [*arm_evidence(signs, arm), *evidence],
            confidence=confidence(signs, arm, gradient_grows(signs)),
            severity=severity(signs, arm),
            proof="intervention",
            where=recurrent_place(signs),
            since_step=worst[2].step if worst is not None and gradient_grows(signs) else (spike[0] if spike else None),
            panels=("through-time", "gradients", "what-if"),
        )
    if not signs.time.samples and spike is None:
        return CAUSE.not_judged("a recurrent layer that a replay can follow")
    if not gradient_grows(signs) and spike is None:
        return CAUSE.healthy("the gradient does not grow on its way back" + (f" (factor {worst[0]:.2f} a step)" if worst else ""))
    if not signs.arms and gradient_grows(signs) and signs.loss.first_bad is not None:
        return finding(
            CAUSE.id,
            f"The gradient grows {worst[0] if worst else 0:.2f}-fold with each step back in time, and the loss stopped being a "
            f"number at step {int(signs.loss.steps[signs.loss.first_bad])}.",
            evidence, confidence=0.65, severity="warning", where=recurrent_place(signs), panels=("through-time", "gradients"),
        )  # fmt: skip
    return ruled_out(CAUSE, signs, "add-clip")


CAUSE = Cause("exploding-gradients", judge, __doc__, needs=("replay", "what-if"), fixes=("add-clip", "reinit"))
