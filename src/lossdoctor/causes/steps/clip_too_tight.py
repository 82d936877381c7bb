"""Gradients are clipped so hard that the steps do nothing.

## What happens
`clip_grad_norm_` scales every gradient down to a norm far below its usual size. With plain SGD the step is then
rate times clip limit, whatever the gradient says: the run moves at a fixed, tiny speed.

## How it looks
- The loss creeps down in a straight line, or stands still; it looks like a learning rate that is too low.
- The gradient norm before clipping is 10 to 1000 times the limit on every batch, not on a few.
- Measured, SGD at rate 0.1, loss at the start 0.481: limit 1 ends at 0.021, 0.01 at 0.396, 1e-4 at 0.464.

## Why it keeps the loss from falling
After k steps the weights cannot be farther than k times rate times limit from where they started. If that is 1%
of the size of the weights, the run could not have learned anything.

## How lossdoctor tells
By intervention: the what-if arm `loosen-clip` repeats the same steps without the clip, and a finding needs that
arm to lead the panel. The share of updates on which the clip cuts and what it leaves of the gradient are the
evidence; above 90% the confidence rises. Clipping by hand counts too: no clip function is called, and on most
updates looked into the gradient at the step has less than half of its norm after the backward pass. Healthy
without asking: nothing is clipped, or the gradient is scaled under an optimizer that undoes it (Adam, RMSprop,
Adagrad: a limit of 1e-7 changes next to nothing). Healthy after asking: the arm learns no better. Not judged:
no panel, or an arm that did not take hold.
## Not to be confused with
- `lr-too-low`: nothing is clipped, or rarely; a higher rate alone cures.
- `exploding-gradients`: there the clip is the cure. A clip that cuts on less than 20% of the updates is a fuse.
- A tight clip under Adam: harmless. `clip_grad_value_` is another matter, it changes the direction.

## What to do
`loosen-clip`: watch the norms for an epoch and clip at a few times their median, or not at all. Pascanu et al.
found half to ten times the average norm to work equally well.

    norm = torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm=5.0)   # returns the norm before clipping

`unscale-before-clip`: with a `GradScaler` call `scaler.unscale_(optimizer)` first, or the limit is divided by the
scale. A loss with
`reduction="sum"` has gradients as many times larger. Keras: `global_clipnorm=` of the optimizer.

## References
- Pascanu, Mikolov, Bengio 2013, On the difficulty of training recurrent neural networks (arXiv 1211.5063).
- Zhang et al. 2020, Why gradient clipping accelerates training (arXiv 1905.11881).
"""

from __future__ import annotations

from ...signs import Signs
from ...signs.series import middle
from ...signs.standing import clipped_by_hand
from ...words import Judgement
from ..cause import Cause, finding
from ..places import loss_place, place
from ..what_if import arm_evidence, confidence, lead, ruled_out, severity


def judge(signs: Signs) -> Judgement:
    step = signs.step
    by_hand = clipped_by_hand(signs)
    if not step.clips and not by_hand:
        return CAUSE.healthy("nothing is clipped")
    if by_hand:
        return _by_hand(signs)
    clip = step.clips[0]
    if step.scale_free and clip.how == "clip_grad_norm_":
        return CAUSE.healthy(
            f"{step.optimizer_name} undoes the scale of a gradient: clipping its norm changes next to nothing"
        )
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


def _by_hand(signs: Signs) -> Judgement:
    if signs.step.scale_free:
        return CAUSE.healthy(
            f"{signs.step.optimizer_name} undoes the scale of a gradient: scaling it down changes next to nothing"
        )
    arm = lead(signs, "loosen-clip")
    uses = [u for u in signs.step.uses if u.after_backward > 0 and u.at_update > 0]
    left = middle([u.at_update / u.after_backward for u in uses])
    if arm is None:
        return ruled_out(CAUSE, signs, "loosen-clip")
    return finding(
        CAUSE.id,
        f"The gradients are scaled down by hand to a {left:.2g}th part before every step; left alone, the same steps reach "
        f"skill {arm.skill:.2f}.",
        [*arm_evidence(signs, arm), ("what is left of the gradient's norm at the step", left, "near 1")],
        confidence=confidence(signs, arm, True),
        severity=severity(signs, arm),
        proof="intervention",
        where=loss_place(signs),
        panels=("gradients", "what-if"),
    )


CAUSE = Cause("clip-too-tight", judge, __doc__, needs=("clipping", "what-if"), fixes=("loosen-clip", "unscale-before-clip"))
