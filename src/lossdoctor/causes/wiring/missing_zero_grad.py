"""Gradients of earlier steps are still there at the next one.

## What happens
PyTorch adds each new gradient to what is already in `.grad`. Without `zero_grad()` every step uses the sum of
all gradients since the start of the run.

## How it looks
- The loss falls for some steps, then oscillates with growing swings, or diverges.
- The gradient norm climbs from step to step, more or less in proportion to their number.
- A smaller learning rate delays it and does not cure it. With Adam the run may just get stuck at a poor loss.

## Why it keeps the loss from falling
The sum is dominated by gradients of weights that the net no longer has. It acts like momentum without friction:
the steps overshoot the minimum, and there is nothing to stop them.

## How lossdoctor tells
By structure: at sampled updates it looks whether the gradient that `step()` uses still holds what an earlier
`step()` has used already (a gradient used twice). At least half of the updates looked into: a finding. The
gradient norms of the first and the last update are shown beside it. If no gradient is used twice the answer is
healthy; this also clears accumulation on purpose, two optimizers, LBFGS closures and `p.grad = None` by hand.
With fewer than two updates after the first it is not judged.

## Not to be confused with
- Gradient accumulation: several backward passes, one step, then zeroing; no gradient is used by two steps.
- `lr-too-high` and `exploding-gradients`: the gradients of the single batch are large, not their sum.
- `gradients-cleared`: zeroed at the wrong place instead of never.

## What to do
`add-zero-grad`: zero once for each step, before the backward pass.

    for x, y in loader:
        optimizer.zero_grad()
        criterion(model(x), y).backward()
        optimizer.step()

To accumulate on purpose over k batches, divide the loss by k, and step and zero on every k-th. In Keras there
is nothing to zero; use `gradient_accumulation_steps` of the optimizer to accumulate.

## References
- PyTorch documentation, torch.optim.Optimizer.zero_grad.
- Karpathy 2019, A recipe for training neural networks.
- Jiang et al. 2025, Training with confidence (arXiv 2506.14813).
"""

from __future__ import annotations

from ...signs import Signs
from ...words import Judgement
from ..cause import Cause, finding
from ..places import loss_place


def judge(signs: Signs) -> Judgement:
    uses = [u for u in signs.step.uses if u.step > 0]
    if len(uses) < 2:
        return CAUSE.not_judged("at least three optimizer updates")
    reused = [u for u in uses if u.reused]
    if len(reused) < 0.5 * len(uses):
        return CAUSE.healthy(f"no gradient was used by two updates ({len(uses)} updates looked into)")
    norms = signs.step.grad_norm
    start, end = (float(norms[0]), float(norms[-1])) if len(norms) else (0.0, 0.0)
    return finding(
        CAUSE.id,
        f"The gradients are never zeroed: {len(reused)} of {len(uses)} updates looked into used a gradient that still "
        "held what an earlier update had used.",
        [
            ("updates that used an old gradient again, share", len(reused) / len(uses), "0"),
            ("gradient norm at the first update", start, ""),
            ("gradient norm at the last update", end, "of the order of the first"),
        ],
        confidence=0.98,
        where=loss_place(signs),
        since_step=reused[0].step,
        panels=("gradients", "loss"),
    )


CAUSE = Cause("missing-zero-grad", judge, __doc__, needs=("gradient use",), fixes=("add-zero-grad",))
