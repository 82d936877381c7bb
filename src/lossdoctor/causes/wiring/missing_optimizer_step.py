"""Gradients are computed and nobody steps.

## What happens
`backward()` runs on every batch, and `optimizer.step()` is missing, sits in a branch that is never taken, or is
indented out of the loop, so that it runs once an epoch while the gradients are zeroed on every batch.

## How it looks
- The training loss is noise around its first value; on a fixed batch it repeats to the last digit.
- The weights are the same after an epoch as before it.
- If a scheduler is stepped, torch warns that `lr_scheduler.step()` came before `optimizer.step()`.

## Why it keeps the loss from falling
A gradient is only a direction. Without the step nothing moves; with one step for a hundred zeroed gradients the
run trains on one batch in a hundred.

## How lossdoctor tells
By structure: it counts backward passes and updates, and compares the values of the weights. At least 8 backward
passes, no update and not one changed weight is a finding. So is more than 1.5 backward passes for each update
when at least half of the updates looked into show that gradients were thrown away in between. Weights that
change without an optimizer (updates written by hand) are healthy, and so are several backward passes whose
gradients add up before the step, and steps left out by a guard since nine in ten gradients are infinite or NaN.
Not judged: fewer than 8 backward passes, or no weights that could be
compared.

## Not to be confused with
- `gradients-cleared`: the step is there on every batch and finds zeros.
- `params-not-in-optimizer`: the step is there and moves other weights.
- `lr-too-low`: the weights do move. A rate of exactly 0 is reported there.
- Gradient accumulation on purpose: the gradients are kept until the step, none is thrown away.

## What to do
`add-step`: one step for each backward pass, or for each group of them that adds up.

    for x, y in loader:
        optimizer.zero_grad()
        criterion(model(x), y).backward()
        optimizer.step()                  # inside the loop

With a `GradScaler`: `scaler.scale(loss).backward()`, `scaler.step(optimizer)`, `scaler.update()`. Keras' `fit`
steps by itself; a `train_step` of your own must call `self.optimizer.apply(...)`.

## References
- PyTorch documentation, torch.optim: Taking an optimization step.
- Jiang et al. 2025, Training with confidence: silent errors in deep learning training (arXiv 2506.14813).
"""

from __future__ import annotations

import numpy as np

from ...signs import Signs
from ...words import Judgement
from ..cause import Cause, finding
from ..places import loss_place

ENOUGH = 8
"""Backward passes without any update before one may say that none will come."""

LEFT_OUT = 0.9
"""Share of gradients that are no numbers from which a guard (or scaler) is at work, and not a forgotten step."""


def judge(signs: Signs) -> Judgement:
    backwards = signs.loss.count
    stepped = signs.step.optimizer is not None
    if backwards < ENOUGH:
        return CAUSE.not_judged(f"at least {ENOUGH} backward passes (saw {backwards})")
    if not stepped:
        changed = signs.update.ever_changed
        if any(changed.values()):
            return CAUSE.healthy("the weights are updated by hand, without an optimizer")
        if not changed:
            return CAUSE.not_judged("weights that could be compared between two backward passes")
        norms = signs.step.grad_norm
        if len(norms) >= ENOUGH and np.mean(~np.isfinite(norms)) >= LEFT_OUT:
            return CAUSE.healthy("nearly every gradient is infinite or NaN, and the step is left out because of that")
        failed = signs.wiring.failed
        return finding(
            CAUSE.id,
            f"No update was ever made: {backwards} backward passes, no optimizer step, and not one weight has changed."
            + (f" The backward passes fail, and the script catches the error: {failed[0].error[:200]}" if failed else ""),
            [
                ("backward passes", backwards, ""),
                *([("backward passes that failed, with the error caught", len(failed), "0")] if failed else []),
                ("optimizer steps", 0, "one for each batch"),
                ("weights that changed", 0, "all that want a gradient"),
            ],
            confidence=0.98,
            where=loss_place(signs),
            since_step=0,
            panels=("loss",),
        )
    many = signs.step.backwards[1:] if len(signs.step.backwards) > 1 else signs.step.backwards
    per_step = float(many.mean()) if len(many) else 1.0
    dropped = [u for u in signs.step.uses if u.dropped]
    if per_step > 1.5 and len(dropped) >= 0.5 * max(1, len(signs.step.uses)):
        return finding(
            CAUSE.id,
            f"Only one in {per_step:.0f} gradients is used: they are zeroed after each backward pass, and the optimizer "
            f"steps once for {per_step:.0f} of them.",
            [
                ("backward passes for each update", per_step, "1, or more where they add up"),
                ("updates made", signs.step.count, f"{backwards}"),
            ],
            confidence=0.9,
            where=loss_place(signs),
            panels=("loss",),
        )
    return CAUSE.healthy(f"{signs.step.count} optimizer updates for {backwards} backward passes")


CAUSE = Cause("missing-optimizer-step", judge, __doc__, needs=("updates",), fixes=("add-step",))
