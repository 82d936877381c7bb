"""More recurrent layers are stacked than train.

## What happens
Three, four, six recurrent layers on top of each other, "to make it stronger". The stack does not train, or not
within the run, where one layer learns the same task.

## How it looks
- The loss stays near that of a constant guess; with one or two layers it falls.
- Gradients shrink from layer to layer on their way down, activations on their way up.
- Adding layers made it worse, in training too: this is not overfitting.

## Why it keeps the loss from falling
Each layer squashes what it is given: by default weights an LSTM's output is about a fifth the size of its
input. After some layers all sequences look alike, and the gradient meets the same factors on its way back, at
each layer and each time step.

## How lossdoctor tells
By intervention: the arm `shallower` makes the same steps with the first recurrent layer alone; the others are
cut off, or hand their input on. It must win at least half of the missing skill and lead the panel. Asked from
three layers on. Healthy: fewer than three layers, the run learns, or one layer does no better. Not judged: no
recurrent layer, no panel, or a model that cannot be cut from outside.

## Not to be confused with
- `vanishing-gradients`: the gradient dies out over time steps, with one layer too.
- `lr-too-low`: the stack learns with a higher rate.
- `overfitting`: the stack learns its training data, and only those.

## What to do
`shallower`: one layer first, a second if it helps. For deep stacks add residual connections and layer norm.

    self.lstm = nn.LSTM(n_features, hidden, num_layers=1, batch_first=True)

Keras: one recurrent layer, without `return_sequences=True` unless the next one needs it.

## References
- Zilly et al. 2017, Recurrent highway networks (arXiv 1607.03474).
- Wu et al. 2016, Google's neural machine translation system (arXiv 1609.08144): plain stacks work up to 4 layers,
  barely at 6, very poorly beyond 8; residual connections change that.
"""

from __future__ import annotations

from ...signs import Signs
from ...signs.net import recurrent_layers
from ...signs.standing import learned
from ...words import Judgement
from ..cause import Cause, finding
from ..places import recurrent_place
from ..what_if import arm_evidence, confidence, lead, ruled_out, severity


def judge(signs: Signs) -> Judgement:
    depth = recurrent_layers(signs)
    if not depth:
        return CAUSE.not_judged("a recurrent layer over whole sequences")
    if depth < 3:
        return CAUSE.healthy(f"{depth} recurrent layer{'s' if depth > 1 else ''}")
    if learned(signs):
        return CAUSE.healthy(f"{depth} recurrent layers, and the run learns")
    arm = lead(signs, "shallower")
    if arm is None or not arm.cures:
        return ruled_out(CAUSE, signs, "shallower")
    return finding(
        CAUSE.id,
        f"{depth} stacked recurrent layers do not train: with the first one alone the same {arm.steps} steps reach skill "
        f"{arm.skill:.2f}.",
        [*arm_evidence(signs, arm), ("recurrent layers", depth, "1 or 2")],
        confidence=confidence(signs, arm, depth >= 4),
        severity=severity(signs, arm), proof="intervention", where=recurrent_place(signs),
        panels=("what-if", "through-time"),
    )  # fmt: skip


CAUSE = Cause("too-deep", judge, __doc__, needs=("model", "what-if"), fixes=("shallower",))
