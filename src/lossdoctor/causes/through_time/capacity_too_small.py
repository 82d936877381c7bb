"""The net has too few hidden units for its task.

## What happens
The state of a recurrence is all that it can carry from one step to the next, and its units are all that the
head can read. Two units cannot hold which of twelve symbols came last and tell them apart.

## How it looks
- The loss falls by a part and stays there, the same with any rate and for any number of steps.
- Training and held-back loss are equally bad.
- The net cannot even learn a few batches by heart.

## Why it keeps the loss from falling
What the target needs does not fit into the state, or cannot be read from it by one linear layer. The gradient
is fine; it leads to the best that such a net can do, and that is not much.

## How lossdoctor tells
By intervention: before the first training pass the arm `widen` rebuilds the recurrent layers with four times as
many units (32 at least), and the layers that take their output; same data, same rate. It must win at least half
of the missing skill and lead the panel: no rate, no other start and no other optimizer does as well. Since a
wider net also learns faster, the run itself must have come to rest (its last fifth gains next to nothing), or
have no more than four units. Healthy: the run learns, or a wider net does no better. Not judged: no panel, or a
model that cannot be rebuilt from outside.

## Not to be confused with
- `lr-too-low`: the curve still falls, and a higher rate does as well as more units.
- `vanishing-gradients`: what decides is too far back; more units do not reach further.
- `dropout-too-high`: units enough, and most of them switched off.

## What to do
`widen`: double the hidden size until the training loss of a few batches goes to its floor; then regularise.

    self.lstm = nn.LSTM(n_features, 64, batch_first=True)
    self.head = nn.Linear(64, n_outputs)

Keras: `units=` of the recurrent layer.

## References
- Karpathy 2019, A recipe for training neural networks ("overfit one batch").
- Collins, Sohl-Dickstein, Sussillo 2017, Capacity and trainability in recurrent neural networks (arXiv 1611.09913):
  about five bits a parameter, one number of the input a unit.
"""

from __future__ import annotations

from ...signs import Signs
from ...signs.net import hidden_sizes
from ...signs.standing import learned
from ...words import Judgement
from ..cause import Cause, finding
from ..places import recurrent_place
from ..what_if import arm_evidence, confidence, fits_a_few, lead, ruled_out, severity


def judge(signs: Signs) -> Judgement:
    sizes = hidden_sizes(signs)
    if not sizes:
        return CAUSE.not_judged("a recurrent layer")
    units = ", ".join(map(str, sizes))
    if learned(signs):
        return CAUSE.healthy(f"{units} hidden units suffice: the run learns")
    arm = lead(signs, "widen")
    if arm is None or not arm.cures:
        return ruled_out(CAUSE, signs, "widen")
    gain, _ = signs.loss.still_falling
    return finding(
        CAUSE.id,
        f"{units} hidden units are too few: with {arm.args.get('factor', 4):g} times as many (32 at least) the same "
        f"{arm.steps} steps reach skill {arm.skill:.2f}.",
        [
            *arm_evidence(signs, arm),
            ("hidden units", units, ""),
            *fits_a_few(signs),
            ("skill still gained over the last fifth of the run", gain, "about 0 where it is done"),
        ],
        confidence=confidence(signs, arm, sizes[0] <= 4),
        severity=severity(signs, arm), proof="intervention", where=recurrent_place(signs), panels=("what-if", "loss"),
    )  # fmt: skip


CAUSE = Cause("capacity-too-small", judge, __doc__, needs=("model", "what-if"), fixes=("widen",))
