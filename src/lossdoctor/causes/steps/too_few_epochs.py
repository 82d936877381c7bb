"""The run stops while it is still learning.

## What happens
Nothing is wrong but the number of steps. The run is a healthy descent that was stopped early: few epochs, a
small data set in large batches, or early stopping with too little patience.

## How it looks
- The curve is still falling at the end, with no sign of levelling off.
- Training and held-back loss fall together.
- Two epochs of 50 batches: a hundred updates, where small recurrent nets need some hundreds to thousands.

## Why it keeps the loss from falling
It does not: the loss falls, and you looked too soon. Recurrent nets often begin with a plateau, while the gates
find out what to keep, and drop late.

## How lossdoctor tells
Only a run that came to its own end is judged, and only one that has a finite loss. If the skill is at least
0.8, it is healthy. Otherwise there are two ways to a finding. By intervention: a rate up to ten times as high
cures (`raise-lr`), or helps while the curve still falls, the run made at most 300 updates, and they were of the
usual size (at least 2e-3 of the weights); then steps, not rate, were missing. By the curve: the last fifth (of a short run more, up to sixty steps)
still falls (Mann-Kendall z below -2.3) and its trend gains more than 5% of the missing skill, at a skill below
0.9. In both the rate must still be alive. It is an error only for a short run below skill 0.3 that the higher
rate cures, else a warning. Healthy: the curve is flat at the end, or an arm that leaves samples out shows that what it gains is
learned by heart.
## Not to be confused with
- `lr-too-low`: the same picture with tiny steps; more of the same would take far too long.
- `scheduler-kills-lr`: the curve goes flat because the rate does.
- `overfitting`: training skill is high, and more epochs make it worse.

## What to do
`train-longer`: count updates, not epochs, and stop by held-back loss with patience.

    epochs = 60                                    # 60 x 50 batches = 3000 updates
    if epochs_since_best > 10:                     # patience: at least a tenth of the run
        break

A smaller batch gives more updates for the same number of epochs. A schedule must be stretched along. Keras:
`epochs=` of `fit`, with `EarlyStopping(patience=10, restore_best_weights=True)`.

## References
- Karpathy 2019, A recipe for training neural networks ("leave it training").
- Hoffer, Hubara, Soudry 2017, Train longer, generalize better (arXiv 1705.08741).
- Prechelt 1998, Early stopping - but when?
"""

from __future__ import annotations

from ...signs import Signs
from ...signs.arms import ArmSign
from ...signs.standing import early_update_ratio, learned, left_out_skill
from ...words import Judgement
from ..cause import Cause, finding
from ..places import loss_place

DONE = 0.95
"""Skill from which more epochs change nothing that matters, by whatever ruler."""

HALF = 0.5
FEW = 300
"""Updates below which a run with steps of the usual size is short, whatever its task."""

USUAL_STEP = 2e-3
"""Update / weight of a step that gets somewhere: Adam at 1e-3 starts near 1.4e-2, a good SGD between 4e-3 and
4e-2, an SGD ten times too slow at 6e-4."""


def stopped_early(signs: Signs, arm: ArmSign | None) -> bool:
    """Is it the number of steps that is too small, and not the steps? Where a higher rate does better, a short
    run with steps of the usual size needs more of them."""
    ended = signs.ended
    if ended is None or ended.how != "finished" or not signs.updates:
        return False
    ratio = early_update_ratio(signs)
    gain, z = signs.loss.still_falling
    falling = z < -1.5 or signs.loss.end < 0.97 * signs.loss.start
    if arm is None:
        return falling and z < -2.3 and gain > 0.03
    factor = float(arm.args.get("factor", 10))
    return signs.updates <= FEW and ratio >= USUAL_STEP and factor <= 10 and falling


def judge(signs: Signs) -> Judgement:
    ended = signs.ended
    if ended is None or ended.how != "finished":
        return CAUSE.not_judged("a run that came to its own end within the budget")
    loss = signs.loss
    if not loss.count or loss.skill is None:
        return CAUSE.not_judged("a finite loss")
    if learned(signs) or loss.skill >= DONE:
        return CAUSE.healthy(f"skill {loss.skill:.2f} was reached within the run")
    out = left_out_skill(signs)
    if out is not None and out < HALF * loss.skill:
        return CAUSE.healthy(f"what it still gains it learns by heart: of samples left out it knows {max(0.0, out):.2f}, of the others {loss.skill:.2f}")
    gain, z = loss.still_falling
    arm = signs.best_arm("raise-lr")
    by_arm = arm is not None and (arm.cures or (arm.helps and z < -2.3)) and stopped_early(signs, arm)
    by_curve = stopped_early(signs, None) and gain > 0.05 * max(0.2, 1 - loss.skill) and loss.skill < 0.9
    rate_alive = not (signs.step.lr_peak > 0) or signs.step.lr_end > 0.05 * signs.step.lr_peak
    if not (by_arm or by_curve) or not rate_alive or loss.skill < -0.5:
        return CAUSE.healthy(f"the curve is flat at the end (skill gained over its last fifth {gain:.3f})")
    short = signs.updates <= FEW
    return finding(
        CAUSE.id,
        f"The run stops too early: after {signs.updates} updates the skill is {loss.skill:.2f} and still rising"
        + (f" ({gain:+.2f} over the last fifth)." if gain > 0 else "."),
        [
            ("updates made", signs.updates, "some hundreds at least"),
            ("skill at the end", loss.skill, ""),
            ("skill gained over the last fifth", gain, "about 0 where it is done"),
            ("trend of the last fifth, z (Mann-Kendall)", z, "above -2 where it is done"),
        ],
        confidence=0.85 if by_arm and short and arm is not None and arm.cures else 0.6,
        severity="error" if (loss.skill < 0.3 and short and arm is not None and arm.cures) else "warning",
        proof="intervention" if by_arm else "statistics",
        where=loss_place(signs),
        panels=("loss", "what-if"),
    )


CAUSE = Cause("too-few-epochs", judge, __doc__, needs=("loss",), fixes=("train-longer",))
