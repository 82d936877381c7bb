"""The batch is so small that noise drowns the gradient.

## What happens
With one to eight samples a batch, each gradient is mostly the accident of which samples were drawn. At the rate
that is set, the steps wander about instead of descending.

## How it looks
- The loss jumps from step to step and its mean does not fall, or settles far above what is possible.
- A lower rate helps a little and makes it slow; a larger batch cures.
- Batch norm in a batch of one to four: its statistics are noise as well.

## Why it keeps the loss from falling
A step moves by signal and by noise. The mean of n gradients has a noise smaller by the root of n at the same
signal. Where the noise of a batch is many times its signal, the net is shaken faster than it learns.

## How lossdoctor tells
Batches of at most 8 samples and a run that has not learned. By intervention: the arm `set-batch` steps once in
16 batches, with the mean of their gradients, at the same rate. It must win at least half of the missing skill
and lead the panel: no rate does as well. From the gradient norms of both, the noise scale is estimated (trace of
the covariance over squared norm of the mean), in samples. Healthy: larger batches, a run that learns (a batch of
one is no fault in itself), or larger ones do no better.

## Not to be confused with
- `lr-too-high`: a lower rate does as well as a larger batch; then the rate is the simpler cure.
- `batch-too-large`: too few updates.
- `no-signal`: the mean of many batches shows nothing either.

## What to do
`set-batch`: 16 to 64 samples; where memory does not allow it, accumulate gradients over several batches.

    for number, (x, y) in enumerate(loader):
        (criterion(model(x), y) / 16).backward()
        if number % 16 == 15:
            optimizer.step()
            optimizer.zero_grad()

Keras: `batch_size=` of `fit`.

## References
- McCandlish, Kaplan, Amodei 2018, An empirical model of large-batch training (arXiv 1812.06162).
- Smith et al. 2018, Don't decay the learning rate, increase the batch size (arXiv 1711.00489).
"""

from __future__ import annotations

import math

import numpy as np

from ...signs import Signs
from ...signs.arms import ArmSign
from ...signs.net import rows
from ...signs.standing import learned
from ...words import Judgement
from ..cause import Cause, finding
from ..places import loss_place
from ..what_if import arm_evidence, confidence, lead, ruled_out, severity

SMALL = 8


def judge(signs: Signs) -> Judgement:
    batch = rows(signs)
    if batch is None or not signs.updates:
        return CAUSE.not_judged("an optimizer that steps, and a loss function that pairs samples")
    if batch > SMALL:
        return CAUSE.healthy(f"batches of {batch}")
    if learned(signs):
        return CAUSE.healthy(f"batches of {batch}, and the run learns")
    arm = lead(signs, "set-batch")
    if arm is None or "times" not in arm.args or not arm.cures:
        return ruled_out(CAUSE, signs, "set-batch")
    scale = noise_scale(signs, arm, batch)
    return finding(
        CAUSE.id,
        f"Batches of {batch} are mostly noise: with the mean gradient of {arm.args['times']} of them a step, the same data reach "
        f"skill {arm.skill:.2f}.",
        [
            *arm_evidence(signs, arm),
            ("samples in a batch", batch, "16 to 64"),
            ("gradient noise scale, samples", scale, "about the size of a batch"),
        ],
        confidence=confidence(signs, arm, scale is not None and scale > 10 * batch),
        severity=severity(signs, arm), proof="intervention", where=loss_place(signs), panels=("what-if", "loss"),
    )  # fmt: skip


def noise_scale(signs: Signs, arm: ArmSign, batch: int) -> float | None:
    """tr S / |G|^2 from the squared gradient norms of batches and of means over several of them, over the first
    steps, where both nets are still alike (McCandlish et al. 2018, appendix A.1)."""
    large = arm.extra.get("grad_norm_squared", math.nan)
    times = int(arm.args["times"])
    norms = signs.step.grad_norm[: 4 * times]
    good = norms[np.isfinite(norms)]
    if not good.size or not math.isfinite(large):
        return None
    small = float(np.mean(good**2))
    mean = (times * large - small) / (times - 1)
    spread = (small - large) * batch * times / (times - 1)
    return spread / mean if mean > 0 and spread > 0 else None


CAUSE = Cause("batch-too-small", judge, __doc__, needs=("updates", "what-if"), fixes=("set-batch",))
