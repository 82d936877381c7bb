"""The weights start far too large or far too small."""

from __future__ import annotations

from ...signs import Signs
from ...signs.standing import learned, weights_off_init
from ...words import Judgement
from ..cause import Cause, finding
from ..places import recurrent_place
from ..what_if import arm_evidence, confidence, lead, ruled_out, severity
from .symmetric_init import alike


def judge(signs: Signs) -> Judgement:
    if not signs.wiring.facts:
        return CAUSE.not_judged("a model's parameters before the first step")
    off = weights_off_init(signs)
    arm = lead(signs, "reinit")
    if arm is not None and not arm.args.get("keep") and not arm.args.get("orthogonal") and not alike(signs) and off:
        worst = off[0]
        size = f"{worst.ratio:.3g} times" if worst.ratio >= 1 else f"{worst.ratio:.2g} of"
        return finding(
            CAUSE.id,
            f"The initial weights are off: {worst.name} starts at {size} the size its layer's own initialisation gives; with "
            f"that, the same steps reach skill {arm.skill:.2f}.",
            [
                *arm_evidence(signs, arm),
                (f"size of {worst.name} against the layer's own initialisation", worst.ratio, "about 1"),
                ("loss before training / loss of the best constant", _first(signs), "about 1"),
                ("saturated gates before training, share", signs.time.saturated(), "below 0.1"),
            ],
            confidence=confidence(signs, arm, True),
            severity=severity(signs, arm),
            proof="intervention",
            where=recurrent_place(signs),
            since_step=0,
            panels=("what-if", "gates"),
        )
    if not off:
        return CAUSE.healthy("every weight starts at the size that its layer's own initialisation gives")
    if learned(signs):
        return CAUSE.healthy(f"{off[0].name} starts at {off[0].ratio:.2g} times the usual size, and the run learns")
    return ruled_out(CAUSE, signs, "reinit")


def _first(signs: Signs) -> float | None:
    constant = signs.loss.constant
    return signs.loss.start / constant.loss if constant is not None and constant.loss > 0 else None


CAUSE = Cause("bad-init", judge, __doc__, needs=("model", "what-if"), fixes=("reinit",))
