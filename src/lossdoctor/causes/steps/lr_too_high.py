"""The learning rate is too high.

## What happens
Each step goes so far along the gradient that it lands beyond the minimum, often higher than it started. The
gradient is right; the step is too long for the curvature.

## How it looks
- The loss jumps up within the first steps, oscillates, or turns into NaN.
- Or nothing dramatic: an LSTM's gates are bounded, so it often just stalls. Measured with Adam: rate 1 ends at
  skill 0.61, rates from 0.001 to 0.1 at 0.97, and no NaN anywhere.
- A ReLU head dies in the first steps, or all predictions become the same.

## Why it keeps the loss from falling
SGD is unstable once rate times the largest curvature exceeds 2 (with momentum 2 + 2 beta, for Adam 38 of the
preconditioned curvature). Beyond that, progress along one direction is undone along another.

## How lossdoctor tells
By intervention: the same batches and seed from the same start, at a lower rate (arm `lower-lr`). A finding
needs that arm to lead the panel: the best of those that help, or nearly as good and nearer to the root. An
error needs more: the arm wins at least half of the missing skill and the run itself stays below skill 0.5.
A run that has learned for hundreds of steps first is asked from the last snapshot before its trouble, where one
could be taken, not from its start. Without a panel there is at most a warning: the loss ended above twice its
start with updates above 20% of the weights and no jump of the gradient first. Healthy: the run learns, or a
lower rate changes nothing. Not judged: no panel.

## Not to be confused with
- `exploding-gradients`: the gradient itself grows, through time or in a jump before any large step; clipping
  cures.
- `unscaled-inputs`, `bad-init`: a lower rate helps a little, scaling or a standard start cures.
- Noise: a healthy batch loss may be 2 to 5 times its best at skill 0.95. SGD at the edge of stability zigzags
  (cosine between updates -0.96 measured at skill 0.94); neither proves anything.

## What to do
`lower-lr`: a tenth, and again a tenth. For an LSTM start from Adam at 1e-3, SGD with momentum at 1e-2 to 1e-1.

    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)

`warm-up`: where only the first steps overshoot, `torch.optim.lr_scheduler.LinearLR(optimizer, 0.01,
total_iters=100)`. Keras: `keras.optimizers.Adam(learning_rate=1e-3)`.

## References
- Smith 2017, Cyclical learning rates (the range test; arXiv 1506.01186).
- Cohen et al. 2021, Gradient descent typically occurs at the edge of stability (arXiv 2103.00065); 2022, the
  same for adaptive optimizers (arXiv 2207.14484).
"""

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
    if (
        not signs.arms
        and loss.first_bad is None
        and loss.count > 30
        and loss.end > 2 * loss.start
        and loss.skill_of(loss.end) < 0
    ):
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


CAUSE = Cause("lr-too-high", judge, __doc__, needs=("loss", "what-if"), fixes=("lower-lr", "warm-up"))
