"""The weights start far too large or far too small.

## What happens
Weights start ten times too large or a thousand times too small: a hand-written `init_weights`, `normal_(0, 1)`
on a recurrent matrix, an `initrange` with a zero too many, or a checkpoint of another scale.

## How it looks
- Too large: the first loss is well above that of a constant guess (a healthy LSTM starts within 1% of log C, C
  the number of classes), gates are saturated before the first step, gradients are huge or zero.
- Too small: the first loss is right, and then nothing happens for a long time, above all with SGD.
- The same script with the layers' own initialisation learns.

## Why it keeps the loss from falling
Signal and gradient are multiplied by the weights in each layer and each time step. Far above the usual scale
they saturate or explode, far below they die out before they arrive.

## How lossdoctor tells
It compares each trainable weight at the first forward pass with what its layer's own initialiser makes: more
than 3 times as large, less than a sixth, or a bias beyond 4 is off. That alone is no finding. The arm `reinit`
(the layers' standard initialisation, same steps, same data) must lead the panel, and the units must not be
identical (that is `symmetric-init`). Healthy: every weight has the usual size, the run learns all the same, or
`reinit` makes no difference. Not judged: the parameters before the first step were not seen, or there is no
panel.

## Not to be confused with
- `symmetric-init`: the units start equal; the size does not matter.
- `unscaled-inputs`: gates saturate because of what comes in, not because of the weights.
- `vanishing-gradients`: a standard start does not help, one made for long memory does.
- A head bias set to the class frequencies or the mean of the targets: good practice.

## What to do
`reinit`: remove the hand-written initialisation, PyTorch's own is sound. Where you want your own:

    for name, p in model.lstm.named_parameters():
        if "weight_ih" in name:
            torch.nn.init.xavier_uniform_(p)
        elif "weight_hh" in name:
            torch.nn.init.orthogonal_(p)
        else:
            torch.nn.init.zeros_(p)

Keras' defaults are just these (`glorot_uniform`, `orthogonal`, zeros with a forget bias of 1).

## References
- Glorot, Bengio 2010, Understanding the difficulty of training deep feedforward neural networks.
- Saxe, McClelland, Ganguli 2014, Exact solutions to the nonlinear dynamics of learning (arXiv 1312.6120).
"""

from __future__ import annotations

from ...signs import Signs
from ...signs.standing import learned, weights_off_init
from ...words import Judgement
from ..cause import Cause, finding
from ..places import recurrent_place
from ..what_if import arm_evidence, confidence, lead, ruled_out, severity
from .symmetric_init import alike


def judge(signs: Signs) -> Judgement:
    if not signs.wiring.facts:
        return CAUSE.not_judged("a model's parameters before the first step")
    off = weights_off_init(signs)
    arm = lead(signs, "reinit")
    if arm is not None and not alike(signs) and off:
        worst = off[0]
        size = f"{worst.ratio:.3g} times" if worst.ratio >= 1 else f"{worst.ratio:.2g} of"
        return finding(
            CAUSE.id,
            f"The initial weights are off: {worst.name} starts at {size} the size its layer's own initialisation gives; with "
            f"that, the same steps reach skill {arm.skill:.2f}.",
            [
                *arm_evidence(signs, arm),
                (f"size of {worst.name} against the layer's own initialisation", worst.ratio, "about 1"),
                ("loss before training / loss of the best constant", _first(signs), "about 1"),
                ("saturated gates before training, share", signs.time.saturated(), "below 0.1"),
            ],
            confidence=confidence(signs, arm, True),
            severity=severity(signs, arm),
            proof="intervention",
            where=recurrent_place(signs),
            since_step=0,
            panels=("what-if", "gates"),
        )
    if not off:
        return CAUSE.healthy("every weight starts at the size that its layer's own initialisation gives")
    if learned(signs):
        return CAUSE.healthy(f"{off[0].name} starts at {off[0].ratio:.2g} times the usual size, and the run learns")
    return ruled_out(CAUSE, signs, "reinit")


def _first(signs: Signs) -> float | None:
    constant = signs.loss.constant
    return signs.loss.start / constant.loss if constant is not None and constant.loss > 0 else None


CAUSE = Cause("bad-init", judge, __doc__, needs=("model", "what-if"), fixes=("reinit",))
