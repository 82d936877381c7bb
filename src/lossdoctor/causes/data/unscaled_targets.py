"""The targets have magnitudes that the net cannot reach at this rate."""

from __future__ import annotations

from ...signs import Signs
from ...signs.reach import steps_to_reach
from ...signs.standing import learned, targets_off_scale
from ...words import Judgement
from ..cause import Cause, finding
from ..places import criterion_place
from ..what_if import arm_evidence, confidence, lead, ruled_out, severity


def judge(signs: Signs) -> Judgement:
    if signs.fed.targets is None:
        return CAUSE.not_judged("targets of a loss function that we know")
    if not signs.fed.is_regression:
        return CAUSE.healthy("the targets are classes: they have no scale")
    mean, std = signs.fed.target_stats
    arm = lead(signs, "scale-targets")
    reach = steps_to_reach(signs)
    bound: list[tuple[str, float | int | str | bool | None, str]] = []
    if reach is not None:
        bound = [
            (f"farthest that {signs.step.optimizer_name} can bring the output in {reach.updates} updates", reach.reach, f"{reach.needed:.3g}"),
            ("updates needed at the least (exact bound)", reach.steps, f"at most {reach.updates}"),
        ]
    if arm is not None and targets_off_scale(signs):
        return finding(
            CAUSE.id,
            f"The targets are unscaled (mean {mean:.3g}, deviation {std:.3g}): standardised, the same {arm.steps} steps reach "
            f"skill {arm.skill:.2f}.",
            [*arm_evidence(signs, arm), ("mean of the targets", mean, "about 0"), ("deviation of the targets", std, "about 1"), *bound],
            confidence=confidence(signs, arm, True), severity=severity(signs, arm), proof="intervention",
            where=criterion_place(signs), since_step=0, panels=("targets", "what-if"),
        )  # fmt: skip
    if reach is not None and reach.steps > reach.updates and not learned(signs):
        return finding(
            CAUSE.id,
            f"The targets cannot be reached: {signs.step.optimizer_name} at {signs.step.lr_peak:.3g} needs at least "
            f"{reach.steps:,.0f} updates to bring the output to {reach.needed:.4g}, and the run makes {reach.updates}.",
            [("mean of the targets", mean, "about 0"), ("deviation of the targets", std, "about 1"), *bound],
            confidence=0.93, proof="bound", where=criterion_place(signs), since_step=0, panels=("targets", "loss"),
        )  # fmt: skip
    if not targets_off_scale(signs):
        return CAUSE.healthy(f"targets have mean {mean:.2g} and deviation {std:.2g}")
    if learned(signs):
        return CAUSE.healthy(f"targets have mean {mean:.3g} and deviation {std:.3g}, and the run learns")
    return ruled_out(CAUSE, signs, "scale-targets")


CAUSE = Cause("unscaled-targets", judge, __doc__, needs=("targets", "what-if"), fixes=("scale-targets",))
