"""The batch is so large that a pass over the data makes hardly any updates.

## What happens
A batch of 1024 out of 1147 samples makes one update an epoch; a dozen epochs make a dozen updates, where small
recurrent nets need some hundreds to thousands.

## How it looks
- A smooth curve that has hardly come down when the epochs are over.
- Each epoch takes a fraction of a second.
- More epochs help, and so do smaller batches at no cost in data.

## Why it keeps the loss from falling
Beyond the gradient noise scale a larger batch makes a step hardly better, and there are fewer of them. The net
takes good steps, far too few.

## How lossdoctor tells
Batches of at least 128 samples, at most 400 updates, each of the usual size, and a run that has not learned.
By intervention: the arm `set-batch` makes, for each batch of the script's, one update for each of its parts (of
about 32 samples): the same passes over the data in smaller batches. It must win at least half of the missing
skill, and the curve must still be falling, or the run stay below skill 0.2. Healthy: smaller batches, more
updates, a run that learns, or parts do no better.

## Not to be confused with
- `too-few-epochs`: batches of the usual size, and too few passes.
- `lr-too-low`: the steps themselves are far too small.
- `batch-too-small`: noise drowns the signal.

## What to do
`set-batch`: 16 to 64 samples for small recurrent nets. A larger batch
wants a higher rate and more epochs (`train-longer`).

    loader = DataLoader(dataset, batch_size=32, shuffle=True)

Keras: `batch_size=` of `fit`.

## References
- McCandlish, Kaplan, Amodei 2018, An empirical model of large-batch training (arXiv 1812.06162).
- Keskar et al. 2017, On large-batch training for deep learning (arXiv 1609.04836).
- Shallue et al. 2019, Measuring the effects of data parallelism on neural network training (arXiv 1811.03600).
"""

from __future__ import annotations

from ...signs import Signs
from ...signs.net import rows
from ...signs.standing import learned
from ...words import Judgement
from ..cause import Cause, finding
from ..places import loss_place
from ..what_if import arm_evidence, confidence, lead, ruled_out, severity

LARGE, FEW = 128, 400


def judge(signs: Signs) -> Judgement:
    batch, updates = rows(signs), signs.updates
    if batch is None or not updates:
        return CAUSE.not_judged("an optimizer that steps, and a loss function that pairs samples")
    if batch < LARGE or updates > FEW:
        return CAUSE.healthy(f"{updates} updates with batches of {batch}")
    if learned(signs):
        return CAUSE.healthy(f"batches of {batch}, and the run learns in {updates} updates")
    ended = signs.ended
    if ended is None or ended.how != "finished":
        return CAUSE.not_judged("a run that came to its own end within the budget")
    arm = lead(signs, "set-batch")
    if arm is None or "parts" not in arm.args or not arm.cures:
        return ruled_out(CAUSE, signs, "set-batch")
    gain, z = signs.loss.still_falling
    return finding(
        CAUSE.id,
        f"Batches of {batch} make only {updates} updates: in batches of {arm.args.get('size', 32)} the same passes over the data "
        f"reach skill {arm.skill:.2f}.",
        [
            *arm_evidence(signs, arm),
            ("samples in a batch", batch, "16 to 64"),
            ("updates made", updates, "some hundreds at least"),
            ("trend of the last fifth, z (Mann-Kendall)", z, "above -2 where it is done"),
            ("skill gained over the last fifth", gain, ""),
        ],
        confidence=confidence(signs, arm, batch >= 256),
        severity=severity(signs, arm), proof="intervention", where=loss_place(signs), panels=("what-if", "loss"),
    )  # fmt: skip


CAUSE = Cause("batch-too-large", judge, __doc__, needs=("updates", "what-if"), fixes=("set-batch", "train-longer"))
