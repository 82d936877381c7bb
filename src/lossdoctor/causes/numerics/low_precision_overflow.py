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
finite. Healthy: nothing is computed in float16, the loss stays finite, or float32 overflows as well (then it is
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

from ...signs import Signs
from ...signs.net import autocast, precision
from ...trace.events import GroupFacts
from ...words import Judgement
from ..cause import Cause, finding
from ..places import criterion_place
from ..what_if import arm_evidence


def judge(signs: Signs) -> Judgement:
    if not signs.wiring.facts:
        return CAUSE.not_judged("a model")
    half = (*precision(signs), *autocast(signs))
    if "float16" not in half:
        return CAUSE.healthy(f"nothing is computed in float16{f' ({half[0]} has the range of float32)' if half else ''}")
    bad = signs.loss.first_bad
    if bad is None:
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


def _groups(signs: Signs) -> tuple[GroupFacts, ...]:
    return signs.step.optimizer.groups if signs.step.optimizer is not None else ()


CAUSE = Cause("low-precision-overflow", judge, __doc__, needs=("model", "what-if"), fixes=("use-bf16", "use-float32"))
