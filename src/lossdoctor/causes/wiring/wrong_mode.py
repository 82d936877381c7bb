"""Trained in evaluation mode, or evaluated in training mode.

## What happens
Dropout and batch norm behave differently in training and in evaluation. Either `model.eval()` in the validation
function is never taken back, so that the rest of the training runs with dropout off and batch norm frozen; or
`model.eval()` is missing, and the evaluation sees dropout noise and the statistics of its own batch.

## How it looks
- Training changes its character after the first validation: batch norm's running statistics stand still.
- Held-back figures are worse than they should be and differ between two evaluations of the same data.
- A single sample gets another answer than the same sample in a batch.

## Why it keeps the loss from falling
In evaluation mode batch norm divides by statistics that were estimated for other weights; what the net learns
fits them ever less. In training mode, the evaluation reports a noisier net than the one that you have.

## How lossdoctor tells
It notes the `training` flag of every dropout and norm module at sampled forward passes, with gradients on
(training) and off (evaluation). Evaluation mode in more than 40% of the training passes after the first, or
training mode in more than half of the evaluation passes, is a warning by structure alone. It becomes an error
when the arm `set-mode` learns better or lifts held-back skill by more than 0.1, or when a net with batch norm
is evaluated in training mode. Healthy: no such module, or the right modes. Not judged: no training pass.

## Not to be confused with
- `overfitting`: held-back skill is low in the right mode, too.
- `dropout-too-high`: the mode is right, and the noise is too much.
- Batch norm frozen on purpose, and dropout kept on to get error bars (Monte Carlo dropout).

## What to do
`set-mode`: set the mode where the phase begins, and not once before the loop.

    for epoch in range(epochs):
        model.train()
        train_one_epoch(model)
        model.eval()
        with torch.no_grad():
            validate(model)

Keras' `fit` and `evaluate` choose by themselves; a model called by hand takes `training=True` or `False`.

## References
- Ioffe, Szegedy 2015, Batch normalization (arXiv 1502.03167).
- Srivastava et al. 2014, Dropout: a simple way to prevent neural networks from overfitting.
"""

from __future__ import annotations

from ...signs import Signs
from ...signs.arms import LEARNS
from ...words import Judgement
from ..cause import Cause, finding
from ..places import place


def judge(signs: Signs) -> Judgement:
    wiring = signs.wiring
    noise = [name for model in wiring.models for name in model.noise]
    if not noise:
        return CAUSE.healthy("no module behaves differently in training and in evaluation")
    train = [m for m in wiring.modes if m.grad_enabled]
    test = [m for m in wiring.modes if not m.grad_enabled]
    asleep = [m for m in train if m.in_eval and not m.in_training and m.step > 0]
    awake = [m for m in test if m.in_training and not m.in_eval]
    arm = signs.arm("set-mode")
    helps = arm is not None and arm.took_hold and (arm.helps or _held_gain(signs) > 0.1)
    extra: list[tuple[str, float | int | str | bool | None, str]] = []
    if arm is not None and arm.took_hold:
        extra = [
            ("skill with the right modes", arm.held_skill if arm.held_skill is not None else arm.skill, ""),
            ("skill as it is", signs.loss.held_skill if arm.held_skill is not None else arm.original, ""),
        ]
    if asleep and len(asleep) > 0.4 * max(1, len([m for m in train if m.step > 0])):
        return finding(
            CAUSE.id,
            f"The model is trained in evaluation mode: {', '.join(asleep[0].in_eval[:3])} slept in {len(asleep)} of "
            f"{len(train)} training passes looked into, from step {asleep[0].step}.",
            [("training passes in evaluation mode, share", len(asleep) / max(1, len(train)), "0"), *extra],
            confidence=0.9 if helps else 0.6,
            severity="error" if helps else "warning",
            proof="intervention" if helps else "structure",
            where=place(wiring.site(asleep[0].site)),
            since_step=asleep[0].step,
            panels=("loss",),
        )
    if awake and len(awake) > 0.5 * max(1, len(test)):
        return finding(
            CAUSE.id,
            f"The model is evaluated in training mode: {', '.join(awake[0].in_training[:3])} at work in {len(awake)} of "
            f"{len(test)} passes without gradients.",
            [("evaluation passes in training mode, share", len(awake) / max(1, len(test)), "0"), *extra],
            confidence=0.9 if helps else 0.6,
            severity="error" if helps or _batch_norm(signs) else "warning",
            proof="intervention" if helps else "structure",
            where=place(wiring.site(awake[0].site)),
            since_step=awake[0].step,
            panels=("loss",),
        )
    if not train:
        return CAUSE.not_judged("a training pass")
    return CAUSE.healthy(f"{len(noise)} modules with noise or statistics were in the right mode")


def _batch_norm(signs: Signs) -> bool:
    return any("BatchNorm" in cls for m in signs.wiring.models for _, cls, _ in m.modules)


def _held_gain(signs: Signs) -> float:
    arm, held = signs.arm("set-mode"), signs.loss.held_skill
    if arm is None or arm.held_skill is None or held is None or arm.held_skill < LEARNS:
        return 0.0
    return arm.held_skill - held


CAUSE = Cause("wrong-mode", judge, __doc__, needs=("modes",), fixes=("set-mode",))
