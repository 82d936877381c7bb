"""The inputs have magnitudes that the net cannot follow."""

from __future__ import annotations

from ...signs import Signs
from ...signs.standing import input_scale, inputs_off_scale, learned
from ...words import Judgement
from ..cause import Cause, finding
from ..places import recurrent_place
from ..what_if import arm_evidence, confidence, lead, ruled_out, severity


def judge(signs: Signs) -> Judgement:
    if signs.fed.integer_inputs:
        return CAUSE.healthy("the inputs are tokens")
    size, ratio = input_scale(signs)
    stats = signs.fed.feature_stats
    if stats is None:
        return CAUSE.not_judged("input batches")
    arm = lead(signs, "scale-inputs")
    off = inputs_off_scale(signs)
    if arm is not None and off:
        mean, std = stats
        return finding(
            CAUSE.id,
            f"The inputs are unscaled (up to {size:.3g}"
            + (f", features {ratio:.3g} times apart" if ratio > 30 else "")
            + f"): standardised, the same {arm.steps} steps reach skill {arm.skill:.2f}.",
            [
                *arm_evidence(signs, arm),
                ("largest |mean| of a feature", float(abs(mean).max()), "below 1"),
                ("largest deviation of a feature", float(std.max()), "about 1"),
                ("smallest deviation of a feature", float(std.min()), "about 1"),
                ("gates saturated before training, share", signs.time.saturated(), "below 0.1"),
            ],
            confidence=confidence(signs, arm, True),
            severity=severity(signs, arm),
            proof="intervention",
            where=recurrent_place(signs),
            since_step=0,
            panels=("inputs", "what-if", "gates"),
        )
    if not off:
        return CAUSE.healthy(f"no feature's mean or deviation is beyond {size:.2g}")
    if learned(signs):
        return CAUSE.healthy(f"features go up to {size:.3g}, and the run learns")
    return ruled_out(CAUSE, signs, "scale-inputs")


CAUSE = Cause("unscaled-inputs", judge, __doc__, needs=("inputs", "what-if"), fixes=("scale-inputs",))
