"""Half precision cannot hold the large numbers of this run.

## What happens
The largest float16 is 65504. A sum over a long sequence, a squared error of raw values, an unnormalised score or
a scaled loss goes beyond it and becomes infinite; the next operation makes NaN of that.

## How it looks
- NaN or Inf within the first steps, in float16; the same script in float32 runs.
- A gradient scaler that halves its scale again and again, and steps that are skipped.
- bfloat16, which has float32's range, is fine as well.

## Why it keeps the loss from falling
One infinite value makes the loss and all gradients no numbers. With a scaler the step is skipped, so that
nothing is learned, and without one the weights are gone.

## How lossdoctor tells
The run computes in float16 (weights, or autocast) and its loss stops being a number. By intervention: the arm
`use-float32` makes the same steps with weights, inputs and losses in float32 and without autocast, and stays
finite. Or its gradients do: at least nine in ten backward passes give infinite ones, and no step is ever taken. By
an exact bound, too, where the data went through float16: inputs are infinite, and all the others are numbers that
float16 holds, up to near its largest (at least twenty of them above 2048, where it has every other whole number
only). Healthy: nothing is computed in float16, the loss stays finite, or float32 overflows as well (then it is
another cause).

## Not to be confused with
- `nan-loss`: log 0, 0 / 0: float32 makes NaN too.
- `exploding-gradients`, `lr-too-high`: float32 only diverges later.
- `low-precision-underflow`: numbers too small to be held; Adam's eps of 1e-8 is 0 in float16.

## What to do
`use-bf16`: bfloat16 has the range of float32. `use-float32`: for small recurrent nets nothing is lost. In
float16, use autocast with a gradient scaler, and compute sums and losses in float32.

    with torch.autocast("cuda", dtype=torch.bfloat16):
        output = model(x)
    loss = criterion(output.float(), y)

Keras: `mixed_bfloat16` as the policy, and the last layer in float32.

## References
- Micikevicius et al. 2018, Mixed precision training (arXiv 1710.03740).
- PyTorch documentation, Automatic mixed precision package (torch.amp).
"""

from __future__ import annotations

import numpy as np

from ...signs import Signs
from ...signs.net import autocast, precision
from ...trace.events import GroupFacts
from ...words import Judgement
from ..cause import Cause, finding
from ..places import criterion_place
from ..what_if import arm_evidence

LARGEST = 65504.0
"""The largest number of float16."""

MANY = 20


def judge(signs: Signs) -> Judgement:
    if not signs.wiring.facts:
        return CAUSE.not_judged("a model")
    stored = _stored_in_half(signs)
    if stored is not None:
        infinite, largest = stored
        return finding(
            CAUSE.id,
            f"The inputs went through float16 and overflowed there: {infinite} values are infinite, and each of the others is one that "
            f"float16 holds, up to {largest:.0f} of its 65504.",
            [
                ("infinite values in the captured inputs", infinite, "0"),
                ("largest finite value", largest, "far below 65504"),
                ("finite values that float16 holds exactly, share", 1.0, "values of float32 seldom are"),
            ],
            confidence=0.96, severity="error", proof="bound", where=criterion_place(signs), since_step=0, panels=("inputs", "loss"),
        )  # fmt: skip
    half = (*precision(signs), *autocast(signs))
    if "float16" not in half:
        return CAUSE.healthy(f"nothing is computed in float16{f' ({half[0]} has the range of float32)' if half else ''}")
    bad = signs.loss.first_bad
    if bad is None:
        if (lost := _gradients_lost(signs)) is not None:
            return lost
        return CAUSE.healthy("the loss stays a number")
    arm = next((a for a in signs.arms if a.fix == "use-float32"), None)
    if arm is None or not arm.took_hold:
        return CAUSE.not_judged("the what-if panel with an arm in float32 that takes hold")
    if arm.loss is None or not arm.loss.count or arm.loss.first_bad is not None:
        return CAUSE.healthy("float32 overflows as well")
    if any(g.eps is not None and 0 < g.eps < 3e-8 for g in _groups(signs)) and "float16" in precision(signs):
        return CAUSE.healthy("Adam's eps is 0 in float16, which divides by zero before anything overflows")
    step = int(signs.loss.steps[bad])
    return finding(
        CAUSE.id,
        f"float16 overflows at step {step}: in float32 the same {arm.steps} steps stay finite"
        + (f" and reach skill {arm.skill:.2f}." if arm.skill is not None else "."),
        [
            *arm_evidence(signs, arm),
            ("first step whose loss is no number", step, "none"),
            ("largest number that float16 holds", 65504, ""),
        ],
        confidence=0.93, severity="error", proof="intervention", where=criterion_place(signs), since_step=step,
        panels=("loss", "what-if"),
    )  # fmt: skip


def _stored_in_half(signs: Signs) -> tuple[int, float] | None:
    """Infinite inputs beside finite ones that are all numbers of float16, up to its largest: how many, and which.
    Above 2048 float16 has every other whole number only, so that numbers of float32 do not look like this by chance."""
    arrays = [x for x in signs.fed.inputs if np.issubdtype(x.dtype, np.floating)]
    values = np.concatenate([x.astype(np.float32).ravel() for x in arrays]) if arrays else np.zeros(0, np.float32)
    finite = values[np.isfinite(values)]
    infinite = int(np.isinf(values).sum())
    if not infinite or not finite.size or len(finite) + infinite < len(values):
        return None
    largest = float(np.abs(finite).max())
    if not LARGEST / 8 < largest <= LARGEST or int((np.abs(finite) > 2048).sum()) < MANY:
        return None
    return (infinite, largest) if bool((finite == finite.astype(np.float16).astype(np.float32)).all()) else None


def _gradients_lost(signs: Signs) -> Judgement | None:
    """The loss is finite, its gradients are not, and no step is ever taken: a guard (or scaler) leaves each one out."""
    norms = signs.step.grad_norm
    if signs.step.optimizer is not None or len(norms) < MANY:
        return None
    infinite = float(np.mean(~np.isfinite(norms)))
    if infinite < 0.9:
        return None
    arm = next((a for a in signs.arms if a.fix == "use-float32" and a.took_hold and a.skill is not None), None)
    if arm is not None and not arm.helps:
        return None
    return finding(
        CAUSE.id,
        f"The gradients overflow in float16: the loss is finite, {infinite:.0%} of the backward passes give infinite gradients, and "
        "each of their steps is left out."
        + (f" In float32 the same {arm.steps} steps reach skill {arm.skill:.2f}." if arm is not None else ""),
        [
            ("backward passes with gradients that are no numbers, share", infinite, "near 0"),
            ("optimizer steps", 0, "one for each batch"),
            *(arm_evidence(signs, arm) if arm is not None else []),
        ],
        confidence=0.95 if arm is not None else 0.7, severity="error" if arm is not None else "warning",
        proof="intervention" if arm is not None else "structure",
        where=criterion_place(signs), since_step=0, panels=("loss", "what-if"),
    )  # fmt: skip


def _groups(signs: Signs) -> tuple[GroupFacts, ...]:
    return signs.step.optimizer.groups if signs.step.optimizer is not None else ()


CAUSE = Cause("low-precision-overflow", judge, __doc__, needs=("model", "what-if"), fixes=("use-bf16", "use-float32"))
