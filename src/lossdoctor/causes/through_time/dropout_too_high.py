"""Dropout removes more signal than the net can do without.

## What happens
Dropout sets a share of all values to zero at each training pass. At a share of 0.9, or applied to the input
features, to the logits, or several times in a row, what is left tells next to nothing about the target.

## How it looks
- The training loss wavers around that of a constant guess.
- The same weights do no better in evaluation mode: they have learned little.
- Small nets suffer first: of 24 units, a dropout of 0.9 leaves two or three.

## Why it keeps the loss from falling
Each pass trains another, tiny net. Its gradient is right for the few units that were left, and noise for the
others: the noise grows as p / (1 - p), ninefold at 0.9, and again with each further layer.

## How lossdoctor tells
It notes every dropout that is at work in training passes, in modules, between the layers of a recurrence, and
called as a function. By intervention: the arm `set-dropout` makes the same steps without dropout and must lead
the panel. Since dropout makes the training loss worse than the net is, the trained weights are also asked
without noise, on a copy: only what the arm wins beyond that counts. Where data were held back, the arm must do
better on them too. An error needs it to win at least half of the missing skill while the run stays below 0.5.
Healthy: no dropout above 0.3, the weights do well without the noise, or the arm makes no difference.

## Not to be confused with
- `wrong-mode`: dropout left on in evaluation; the training itself is fine.
- `overfitting`: the reason for dropout. If it returns without dropout, use less, not none.
- `capacity-too-small`: too few units from the start; here there are enough and they are switched off.

## What to do
`set-dropout`: begin with 0, then 0.1 to 0.3. Between recurrent layers, not on the inputs or the last outputs.

    self.lstm = nn.LSTM(n_features, hidden, num_layers=2, dropout=0.2, batch_first=True)
    self.drop = nn.Dropout(0.2)            # once, before the head

Keras: `dropout=` of the recurrent layers, which also drops inputs, and `recurrent_dropout=`.

## References
- Srivastava et al. 2014, Dropout: a simple way to prevent neural networks from overfitting.
- Zaremba, Sutskever, Vinyals 2014, Recurrent neural network regularization (arXiv 1409.2329).
- Gal, Ghahramani 2016, A theoretically grounded application of dropout in recurrent neural networks.
"""

from __future__ import annotations

from ...signs import Signs
from ...signs.net import dropouts, skill_without_noise
from ...signs.standing import learned
from ...words import Judgement
from ..cause import Cause, finding
from ..places import place
from ..what_if import arm_evidence, confidence, lead, ruled_out, severity


def judge(signs: Signs) -> Judgement:
    noise = dropouts(signs)
    if not noise:
        return CAUSE.healthy("no dropout was at work") if signs.loss.count else CAUSE.not_judged("a training pass")
    if noise[0].p < 0.3:
        return CAUSE.healthy(f"the strongest dropout is {noise[0].p:.2g}")
    quiet = skill_without_noise(signs)
    arm = lead(signs, "set-dropout")
    if arm is None:
        if quiet is not None and (learned(signs) or quiet >= 0.8):
            return CAUSE.healthy(f"with the dropout of {noise[0].p:.2g} off, the trained weights have skill {quiet:.2f}")
        return ruled_out(CAUSE, signs, "set-dropout")
    return finding(
        CAUSE.id,
        f"A dropout of {noise[0].p:.2g} removes the signal: without it the same {arm.steps} steps reach skill {arm.skill:.2f}.",
        [
            *arm_evidence(signs, arm),
            ("strongest dropout", noise[0].p, "0.5 at most"),
            ("places with dropout", len(noise), ""),
            ("skill of the trained weights with dropout off", quiet, "well above that with dropout on"),
        ],
        confidence=confidence(signs, arm, noise[0].p >= 0.65),
        severity=severity(signs, arm) if quiet is None or quiet < 0.5 else "warning",
        proof="intervention",
        where=place(signs.wiring.site(noise[0].site)),
        panels=("what-if", "loss"),
    )


CAUSE = Cause("dropout-too-high", judge, __doc__, needs=("dropout", "what-if"), fixes=("set-dropout",))
