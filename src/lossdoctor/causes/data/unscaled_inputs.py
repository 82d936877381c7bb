"""The inputs have magnitudes that the net cannot follow.

## What happens
The inputs have magnitudes that initialisers and rates are not made for (they assume deviations near 1): raw
pressures near 1000, timestamps, prices; or features that are a thousandfold apart.

## How it looks
- Gates are saturated before training: with features of mean 100 and deviation 20, 79% of them; with mean 0 and
  deviation 10, still only 1%.
- The loss stands still, or jumps and comes to rest at a constant guess.
- A lower rate helps a little, a higher one not at all.

## Why it keeps the loss from falling
A large pre-activation leaves a gate no slope. A feature a thousand times as large gets a gradient a thousand
times as large, so that no single rate fits all of them; a large mean makes all samples look alike.

## How lossdoctor tells
By intervention: the arm `scale-inputs` standardises what the net is fed and repeats the same steps. A finding
needs it to lead the panel, and the inputs to be off: a feature's mean or deviation beyond 5, all deviations
below 0.1, or features more than 30 times apart (the largest above 1). An error needs it to win at least half of
the missing skill while the run itself stays below skill 0.5. Healthy: tokens, inputs of a usual size, a run
that learns with them, or no gain from scaling. Not judged: no input batches, or no panel. Of a data file
alone it is a warning wherever the inputs are off: nobody has seen yet what the script does to them.

## Not to be confused with
- `lr-too-high`: a lower rate alone cures as well as scaling would, and the inputs are near 1.
- `bad-init`: the weights saturate the gates, not what comes in.
- `outliers`: a few values spoil the scale, most are fine. `scaler-mismatch`: scaled, and differently for the
  test.
- Raw inputs in front of a norm layer or an embedding: scaled inside the net.

## What to do
`scale-inputs`: standardise each feature with the training data's mean and deviation, and keep them for later.

    mean, std = x_train.mean(dim=(0, 1)), x_train.std(dim=(0, 1)).clamp_min(1e-6)
    x_train, x_test = (x_train - mean) / std, (x_test - mean) / std

Take the logarithm of what spans decades; take differences of what drifts. Keras: `layers.Normalization()`, with
`adapt(x_train)`.

## References
- LeCun, Bottou, Orr, Mueller 1998, Efficient BackProp, section 4.3.
"""

from __future__ import annotations

import numpy as np

from ...signs import Signs
from ...signs.standing import input_scale, inputs_off_scale, learned
from ...trace.events import DataRead
from ...words import Judgement
from ..cause import Cause, finding
from ..places import recurrent_place
from ..what_if import arm_evidence, confidence, lead, ruled_out, severity


def judge(signs: Signs) -> Judgement:
    if signs.fed.integer_inputs:
        return CAUSE.healthy("the inputs are tokens")
    size, ratio = input_scale(signs)
    stats = signs.fed.feature_stats
    if stats is None:
        return CAUSE.not_judged("input batches")
    arm = lead(signs, "scale-inputs")
    off = inputs_off_scale(signs)
    if arm is not None and off:
        mean, std = stats
        return finding(
            CAUSE.id,
            f"The inputs are unscaled (up to {size:.3g}"
            + (f", features {ratio:.3g} times apart" if ratio > 30 else "")
            + f"): standardised, the same {arm.steps} steps reach skill {arm.skill:.2f}.",
            [
                *arm_evidence(signs, arm),
                ("largest |mean| of a feature", float(abs(mean).max()), "below 1"),
                ("largest deviation of a feature", float(std.max()), "about 1"),
                ("smallest deviation of a feature", float(std.min()), "about 1"),
                ("gates saturated before training, share", signs.time.saturated(), "below 0.1"),
            ],
            confidence=confidence(signs, arm, True),
            severity=severity(signs, arm),
            proof="intervention",
            where=recurrent_place(signs),
            since_step=0,
            panels=("inputs", "what-if", "gates"),
        )
    if not off:
        return CAUSE.healthy(f"no feature's mean or deviation is beyond {size:.2g}")
    if signs.data is not None:
        return _in_the_file(signs, signs.data)
    if learned(signs):
        return CAUSE.healthy(f"features go up to {size:.3g}, and the run learns")
    return ruled_out(CAUSE, signs, "scale-inputs")


def _in_the_file(signs: Signs, data: DataRead) -> Judgement:
    """Nothing was trained: the file says what a script has to do, not what it does."""
    _, ratio = input_scale(signs)
    stats = signs.fed.feature_stats
    assert stats is not None
    mean, std = stats
    largest, smallest = int((abs(mean) + std).argmax()), int(np.where(std > 1e-12, std, np.inf).argmin())
    widest = int(std.argmax())
    name, least, wide = (data.inputs[k] if len(data.inputs) == len(mean) else f"feature {k}" for k in (largest, smallest, widest))
    return finding(
        CAUSE.id,
        f"The inputs need scaling: {name} has mean {mean[largest]:.3g} and deviation {std[largest]:.3g}"
        + (f"; {wide} deviates by {std[widest]:.3g}, {least} by {std[smallest]:.3g}" if ratio > 30 else "")
        + ". A recurrent net takes them near mean 0 and deviation 1.",
        [
            (f"mean of {name}", float(mean[largest]), "about 0"),
            (f"deviation of {name}", float(std[largest]), "about 1"),
            *([(f"deviation of {wide} over that of {least}", ratio, "below 30")] if ratio > 30 else []),
        ],
        confidence=0.7, severity="warning", proof="statistics", panels=("columns",),
    )  # fmt: skip


CAUSE = Cause("unscaled-inputs", judge, __doc__, needs=("inputs", "what-if"), fixes=("scale-inputs",), on_data=True)
