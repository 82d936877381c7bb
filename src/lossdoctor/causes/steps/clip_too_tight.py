"""Gradients are clipped so hard that the steps do nothing."""

from __future__ import annotations

from ...signs import Signs
from ...words import Judgement
from ..cause import Cause, finding
from ..places import place
from ..what_if import arm_evidence, confidence, lead, ruled_out, severity


def judge(signs: Signs) -> Judgement:
    step = signs.step
    if not step.clips:
        return CAUSE.healthy("nothing is clipped")
    clip = step.clips[0]
    if step.scale_free and clip.how == "clip_grad_norm_":
        return CAUSE.healthy(f"{step.optimizer_name} undoes the scale of a gradient: clipping its norm changes next to nothing")
    arm = lead(signs, "loosen-clip")
    if arm is not None:
        return finding(
            CAUSE.id,
            f"Clipping at {clip.limit:.3g} sets the size of every step: it cuts on {step.clip_active:.0%} of the updates, "
            f"to a {step.clip_coefficient:.2g}th part; unclipped, the same steps reach skill {arm.skill:.2f}.",
            [
                *arm_evidence(signs, arm),
                ("share of updates on which the clip cuts", step.clip_active, "below 0.2, as a fuse"),
                ("what it leaves of the gradient", step.clip_coefficient, "near 1"),
            ],
            confidence=confidence(signs, arm, step.clip_active > 0.9),
            severity=severity(signs, arm),
            proof="intervention",
            where=place(signs.wiring.site(clip.site)),
            since_step=clip.step,
            panels=("gradients", "what-if"),
        )
    return ruled_out(CAUSE, signs, "loosen-clip")


CAUSE = Cause("clip-too-tight", judge, __doc__, needs=("clipping", "what-if"), fixes=("loosen-clip",))
