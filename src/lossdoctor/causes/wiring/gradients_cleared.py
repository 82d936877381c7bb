"""Gradients are zeroed before the step can use them.

## What happens
The gradients are set to zero (or None) after `backward()` and before `step()`; or the step comes first in the
loop, and the zeroing before it has already emptied what the last batch left. Every step finds nothing.

## How it looks
- The loss wobbles from batch to batch around its first value and never trends.
- The gradient norm is fine when printed after `backward()` and zero when printed before `step()`.
- The weights do not change; with weight decay or momentum they may creep.

## Why it keeps the loss from falling
The optimizer gets zeros, so its update is zero (Adam: 0 / eps). The work of every backward pass is thrown away.

## How lossdoctor tells
By structure: at sampled updates it compares the gradients as `backward()` left them with those that `step()`
found. If at least half of the updates looked into found nothing although a backward pass had given a gradient,
that is a finding, with both norms as evidence. If most updates found what was left for them, the answer is
healthy. With fewer than two updates it is not judged.

## Not to be confused with
- `missing-zero-grad`: the opposite fault, gradients that are never cleared.
- `missing-optimizer-step`: there is no step at all, or there is one only for a few of the backward passes.
- `detached-graph`: there was no gradient to begin with.
- `zero_grad()` at the top of the loop, which is right.

## What to do
`move-zero-grad`: zero, backward, (clip,) step, in this order.
Where a settings file asks for it: `change-setting`.

    optimizer.zero_grad()
    loss = criterion(model(x), y)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()

Keras' `fit` keeps this order by itself; in a loop of your own, pass the fresh `tape.gradient(...)` straight to
`optimizer.apply(...)`.

## References
- PyTorch documentation, torch.optim: Taking an optimization step.
- Islam et al. 2019, A comprehensive study on deep learning bug characteristics (arXiv 1906.01388).
"""

from __future__ import annotations

from ...signs import Signs
from ...words import Judgement
from ..cause import Cause, finding
from ..places import loss_place


def judge(signs: Signs) -> Judgement:
    uses = signs.step.uses
    if len(uses) < 2:
        return CAUSE.not_judged("at least two optimizer updates")
    cleared = [u for u in uses if u.cleared]
    if len(cleared) < 0.5 * len(uses):
        return CAUSE.healthy(f"the updates found the gradients that the backward pass had left ({len(uses)} looked into)")
    after = max((u.after_backward for u in uses), default=0.0)
    return finding(
        CAUSE.id,
        f"Every update sees zeros: {len(cleared)} of {len(uses)} optimizer steps found no gradient, although the "
        f"backward pass gives one (norm {after:.3g}).",
        [
            ("gradient norm after the backward pass", after, "> 0"),
            ("gradient norm at the optimizer step", 0.0, "the same"),
            ("updates that saw nothing, share", len(cleared) / len(uses), "0"),
        ],
        confidence=0.98,
        where=loss_place(signs),
        since_step=cleared[0].step,
        panels=("gradients", "loss"),
    )


CAUSE = Cause("gradients-cleared", judge, __doc__, needs=("gradient use",), fixes=("move-zero-grad", "change-setting"))
