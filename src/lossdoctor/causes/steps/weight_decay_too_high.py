"""Weight decay pulls harder than the gradient.

## What happens
Weight decay pulls every weight towards zero at each step, harder than the gradient pulls it anywhere. Often 0.1
or 1e-2 was carried over from another optimizer or a large model.

## How it looks
- The loss settles at that of the best constant prediction, early and calmly. One measured run stood at 1.71 and
  went to 0.011 without the decay.
- Weight norms shrink step by step; all outputs come down to the bias.
- Training and held-back loss are equally bad: it is not regularising, it is erasing.

## Why it keeps the loss from falling
The decay adds `weight_decay * w` to each gradient (SGD, Adam) or multiplies each weight by `1 - lr *
weight_decay` (AdamW). In Adam it enters the normalised gradient, so that it wins wherever the loss gradient is
smaller than decay times weight, which in a recurrent net is soon the case.

## How lossdoctor tells
By intervention: the arm `set-weight-decay` repeats the same steps without decay and must lead the panel. An
error needs it to win at least half of the missing skill while the run itself stays below skill 0.5. The
weights' norm at the start and at the end is shown; a shrinking one raises the confidence. Healthy: no weight
decay in the optimizer, or its absence changes nothing. Not judged: no optimizer that steps, no panel, or an arm
that did not take hold.

## Not to be confused with
- `loss-term-dominates`: a penalty written into the loss, which the optimizer does not know.
- `lr-too-low`: weights hardly move; here they move towards zero.
- A trained AdamW run in balance, where decay and gradient cancel at full skill: healthy.

## What to do
`set-weight-decay`: begin with 0, then 1e-4 (or 1e-2 with AdamW at rate 1e-3), on matrices only.

    matrices = [p for p in model.parameters() if p.ndim >= 2]
    others = [p for p in model.parameters() if p.ndim < 2]
    optimizer = torch.optim.AdamW(
        [{"params": matrices, "weight_decay": 1e-2}, {"params": others, "weight_decay": 0.0}], lr=1e-3)

Keras: `weight_decay=` of the optimizer, and `kernel_regularizer`/`recurrent_regularizer` of the layers.

## References
- Loshchilov, Hutter 2019, Decoupled weight decay regularization (arXiv 1711.05101).
- Krogh, Hertz 1992, A simple weight decay can improve generalization.
"""

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
