"""Half precision loses the small numbers: updates round to nothing, or a tiny constant becomes zero.

## What happens
The weights themselves are float16 or bfloat16. A bfloat16 has eight significant bits: next to 0.1 the nearest
numbers are 0.0005 away, and an update of 0.0001 is rounded back to where it was. In float16 numbers below 6e-8 are 0,
Adam's eps of 1e-8 among them, and gradients of long sequences.

## How it looks
- The loss sinks slowly and then stops, at any number of steps; a larger rate seems to help.
- Most weights are, bit for bit, what they were before the step.
- In float16 with Adam: NaN at the first parameter whose gradient is zero (0 / 0).

## Why it keeps the loss from falling
`(w + d) == w` for most weights: the optimizer steps, and nothing moves. What is lost is lost for good, since no
rest is carried over to the next step.

## How lossdoctor tells
It counts, at the sampled updates, the elements of half-precision weights that a step leaves bit for bit as they
were: more than half is a bound that no patience passes. The arm `use-float32` makes the same steps in float32 and says
what that costs: an error needs it to win at least half of the missing skill; a run that learns all the same gets a note.
Of gradients that go through float16 (weights in it, or autocast to it) a histogram is kept: where more than half of the elements
are 0 and most of the others lie below 2**-14, where float16 runs out of bits, they underflow on the way; here, too, the arm
`use-float32` has the word.
An eps that is 0 in the weights' type, with a loss that becomes NaN, is told from the optimizer's settings. Healthy: weights in
float32 (autocast leaves them so), or most of them change.

## Not to be confused with
- `lr-too-low`: in float32 the same rate would be too low as well.
- `low-precision-overflow`: numbers too large for float16.
- `frozen-params`, sparse embeddings: weights that have no gradient do not move either.

## What to do
`use-float32`: keep the weights in float32 and let autocast choose where half is safe. `set-eps`: at least 1e-4 in pure float16.

    model = Net()                                       # not .half(), not .to(torch.bfloat16)
    with torch.autocast("cuda", dtype=torch.bfloat16):
        loss = criterion(model(x), y)
    scaler.scale(loss).backward()                       # float16: torch.amp.GradScaler() lifts what would be 0

Keras: the policies `mixed_bfloat16` and `mixed_float16` keep float32 weights; `bfloat16` does not.

## References
- Micikevicius et al. 2018, Mixed precision training (arXiv 1710.03740), section 3.1: a master copy in float32.
- Zamirai et al. 2020, Revisiting bfloat16 training (arXiv 2010.06192): nearest rounding cancels small updates.
"""

from __future__ import annotations

from ...signs import Signs
from ...signs.net import MOSTLY_LOST, gradient_range, lost_updates, precision
from ...words import Judgement
from ...words.finding import Severity
from ..cause import Cause, finding
from ..places import loss_place
from ..what_if import Evidence, arm_evidence

SMALLEST = {"float16": 6e-8 / 2, "bfloat16": 1e-40}
"""Numbers below half of the smallest one that a type holds are 0 in it."""


def judge(signs: Signs) -> Judgement:
    if not signs.wiring.facts:
        return CAUSE.not_judged("a model's parameters")
    half = precision(signs)
    if signs.loss.first_bad is None and (flushed := _flushed(signs)) is not None:
        return flushed
    if not half:
        return CAUSE.healthy("the weights are in float32")
    arm = next((a for a in signs.arms if a.fix == "use-float32" and a.took_hold and a.skill is not None), None)
    groups = signs.step.optimizer.groups if signs.step.optimizer is not None else ()
    eps = next((g.eps for g in groups if g.eps is not None and 0 < g.eps < SMALLEST[half[0]]), None)
    if signs.loss.first_bad is not None:
        if eps is None or arm is None or arm.loss is None or arm.loss.first_bad is not None:
            return CAUSE.healthy("the loss stops being a number, which is no matter of lost updates")
        return finding(
            CAUSE.id,
            f"{signs.step.optimizer_name}'s eps of {eps:g} is 0 in {half[0]}: where a gradient is zero, the step divides 0 by 0. In "
            f"float32 the same {arm.steps} steps reach skill {arm.skill:.2f}.",
            [*arm_evidence(signs, arm), ("eps", eps, f"at least {2 * SMALLEST[half[0]]:.0e} in {half[0]}")],
            confidence=0.93, proof="bound", where=loss_place(signs), panels=("loss", "what-if"),
        )  # fmt: skip
    lost = lost_updates(signs)
    if lost is None:
        return CAUSE.not_judged("sampled updates of half-precision weights")
    if lost <= MOSTLY_LOST:
        return CAUSE.healthy(f"{1 - lost:.0%} of the {half[0]} weights change at a step")
    evidence: Evidence = [
        (f"elements of {half[0]} weights that an update leaves as they were, share", lost, f"below {MOSTLY_LOST:g}")
    ]
    severity: Severity = "warning"
    skill = signs.loss.skill if signs.loss.skill is not None else -1.0
    if arm is not None:
        evidence += arm_evidence(signs, arm)
        if not arm.helps:
            return CAUSE.healthy(
                f"{lost:.0%} of the updates are lost to {half[0]}, and float32 does no better (skill {arm.skill:.2f})"
            )
        severity = "error" if arm.cures and skill < 0.8 else "warning"
    elif skill >= 0.8:
        severity = "note"
    return finding(
        CAUSE.id,
        f"{lost:.0%} of the updates are lost: next to the weights they are too small for {half[0]}, and (w + d) == w bit for bit"
        + (f"; in float32 the same {arm.steps} steps reach skill {arm.skill:.2f}." if arm is not None else "."),
        evidence, confidence=0.93 if arm is not None and arm.cures else 0.88 if arm is not None else 0.7, severity=severity, proof="bound",
        where=loss_place(signs), panels=("updates", "what-if"),
    )  # fmt: skip


def _flushed(signs: Signs) -> Judgement | None:
    """Gradients that become zero in float16."""
    found = gradient_range(signs)
    if found is None or found.zero <= MOSTLY_LOST or found.small <= MOSTLY_LOST:
        return None
    arm = next((a for a in signs.arms if a.fix == "use-float32" and a.took_hold and a.skill is not None), None)
    if (arm is None and found.zero == 1) or (arm is not None and not arm.helps):
        return None  # Gradients may be zero for other reasons.
    evidence: Evidence = [
        ("elements of the gradients that are 0, share", found.zero, f"below {MOSTLY_LOST:g}"),
        ("of the others, below 2**-14, share", found.small, f"below {MOSTLY_LOST:g}"),
    ]
    severity: Severity = "warning"
    if arm is not None:
        evidence += arm_evidence(signs, arm)
        severity = "error" if arm.cures and (signs.loss.skill or -1.0) < 0.8 else "warning"
    return finding(
        CAUSE.id,
        f"Gradients underflow in float16: {found.zero:.0%} of their elements are 0, and {found.small:.0%} of the others are so small that "
        "float16 holds them with few bits"
        + (f"; in float32 the same {arm.steps} steps reach skill {arm.skill:.2f}." if arm is not None else "."),
        evidence, confidence=0.93 if arm is not None and arm.cures else 0.88 if arm is not None else 0.6, severity=severity,
        proof="intervention" if arm is not None else "statistics", where=loss_place(signs), panels=("updates", "what-if"),
    )  # fmt: skip


CAUSE = Cause("low-precision-underflow", judge, __doc__, needs=("updates",), fixes=("use-float32", "set-eps"))
