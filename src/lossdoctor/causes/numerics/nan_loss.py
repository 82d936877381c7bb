"""An operation on the way makes a NaN or an infinity by itself.

## What happens
An operation is given a number for which it, or its slope, is not defined: the log of 0, a division by 0, the
square root at 0 (infinite slope), `exp` beyond 88.7, the norm of a zero vector, the deviation of equal numbers.
The first NaN is born there, and everything after it is NaN.

## How it looks
- The loss is fine, falling even, and NaN at the next step, for good.
- Nothing grew before: gradient norms and weights were ordinary.
- Often a rare batch: a probability that underflows, a flat window, an empty mask, two equal points.

## Why it keeps the loss from falling
One NaN in the loss makes every gradient NaN, and one step later every weight. `torch.where(ok, f(x), 0)` does
not protect: the branch not taken is differentiated too, and 0 times infinity is NaN.

## How lossdoctor tells
It looks for the birth: the first operation whose result is not finite though its operands are, forward or
backward, with its line and what it was given. That is the finding. Without a birth it is one only when nothing
had grown before. Not named, because another is the root (healthy): NaN in the captured data, or numbers that
had grown before they broke - the loss or gradient norm a thousandfold, a jump of the gradient, or an arm such
as `lower-lr`, `add-clip` or `scale-inputs` that cures an overflow. All losses and gradients finite: healthy.
Not judged: no loss seen.

## Not to be confused with
- `nan-in-data`: the first NaN was fed in.
- `exploding-gradients`, `lr-too-high`: numbers grew for some steps, and overflowed in the end.
- `low-precision-overflow`: finite in float32, beyond 65504 in half precision.

## What to do
`guard-nan`: use the function that is stable by design, else keep the operand away from the edge, inside.

    loss = torch.nn.functional.binary_cross_entropy_with_logits(scores, y)   # not log(sigmoid(scores))
    logp = torch.log_softmax(scores, dim=1)                                  # not log(softmax(...))
    dist = (d.pow(2).sum(-1) + 1e-12).sqrt()                                 # not a clamp after the root
    z = (x - x.mean(1, keepdim=True)) / (x.std(1, keepdim=True) + 1e-6)
    safe = torch.where(ok, x, torch.ones_like(x))                            # make it safe first,
    out = torch.where(ok, safe.log(), torch.zeros_like(x))                   # then choose

`soften-head-activation`: what goes into a logarithm and comes from a ReLU is zero for half of the samples, and gets no
gradient there; a softplus is positive everywhere.

`torch.autograd.set_detect_anomaly(True)` names the line. Keras: `from_logits=True`; the `TerminateOnNaN`
callback.

## References
- Goldberg 1991, What every computer scientist should know about floating-point arithmetic.
- PyTorch documentation, torch.autograd: Anomaly detection.
"""

from __future__ import annotations

import math

from ...signs import Signs
from ...trace.events import Birth
from ...words import Judgement, Place
from ..cause import Cause, finding
from ..places import criterion_place
from ..what_if import lead

EXPLAIN = {
    "log": "the logarithm of 0 or less",
    "log2": "the logarithm of 0 or less",
    "log10": "the logarithm of 0 or less",
    "log1p": "the logarithm of 0 or less",
    "div": "a division by 0",
    "true_divide": "a division by 0",
    "sqrt": "a square root of 0 (its slope is infinite) or of a negative number",
    "rsqrt": "one over the square root of 0",
    "exp": "an exponential beyond 3.4e38 (its argument is above 88.7)",
    "norm": "the norm of a vector of zeros, whose slope is 0/0",
    "linalg_vector_norm": "the norm of a vector of zeros, whose slope is 0/0",
    "pow": "a power without a finite value or slope",
    "std": "the deviation of equal numbers, whose slope is 0/0",
    "var": "a variance without enough numbers",
    "reciprocal": "one over 0",
    "acos": "an arc of a number outside -1 to 1",
    "atanh": "an arc of a number outside -1 to 1",
    "mul": "0 times infinity",
    "where": "a branch that was masked out and is differentiated all the same",
}


def judge(signs: Signs) -> Judgement:
    loss = signs.loss
    ended = signs.ended
    if not loss.count and not signs.births:
        return CAUSE.not_judged("a loss")
    broken = loss.first_bad is not None or bool(signs.births) or _gradient_broken(signs)
    if not broken:
        return CAUSE.healthy(f"all {loss.count} losses are finite numbers")
    step = int(loss.steps[loss.first_bad]) if loss.first_bad is not None else (signs.births[0].step if signs.births else 0)
    given = any(b.op in (Birth.INPUT, Birth.TARGET) for b in signs.births)
    if given or signs.fed.bad_inputs is not None or signs.fed.bad_targets is not None:
        return CAUSE.healthy("the numbers that are none come from the data: nan-in-data")
    cured = lead(signs, "lower-lr", "add-clip", "scale-inputs", "scale-targets", "reinit")
    birth = signs.births[0] if signs.births else None
    spike = signs.step.first_spike
    grown = spike is not None and spike[0] < step - 1 and spike[1] > 10
    runaway = _runaway(signs, step)
    if birth is None:
        if cured is not None or grown or runaway:
            return CAUSE.healthy("the numbers grew before they broke: the root is a step or a gradient that is too large")
        return finding(
            CAUSE.id,
            f"The loss stops being a number at step {step}, and nothing had grown before.",
            [("first step whose loss is no number", step, "none"), ("loss just before", _before(signs), "finite")],
            confidence=0.6, severity="error", proof="statistics", where=criterion_place(signs), since_step=step, panels=("loss",),
        )  # fmt: skip
    explanation = EXPLAIN.get(birth.op, f"{birth.op} gave {birth.value}")
    if cured is not None and (birth.op in ("exp", "mul", "addmm", "mm", "add", "bmm", "pow", "mse_loss", "sub") or runaway):
        return CAUSE.healthy(f"{birth.op} overflowed because the numbers had grown; cured by: {cured.title}")
    evidence: list[tuple[str, float | int | str | bool | None, str]] = [
        ("operation that made the first one", birth.op + (" (in the backward pass)" if birth.backward else ""), ""),
        ("what it was given", birth.operand or "see the line", "numbers it is defined for"),
        ("step", birth.step, ""),
        ("loss just before", _before(signs), "finite"),
    ]
    if ended is not None and ended.how == "error":
        evidence.append(("the run ended with", ended.error[:120], ""))
    return finding(
        CAUSE.id,
        f"The first {birth.value} is born at step {birth.step} in {birth.op}: {explanation}"
        + (f" (it was given numbers {birth.operand})." if birth.operand else "."),
        evidence,
        confidence=0.95 if not runaway else 0.6,
        where=Place(birth.file, birth.line) if birth.file else criterion_place(signs),
        since_step=birth.step,
        panels=("loss",),
    )


def _before(signs: Signs) -> float | None:
    finite = signs.loss.finite
    return float(finite[-1]) if finite.size else None


def _gradient_broken(signs: Signs) -> bool:
    norms = signs.step.grad_norm
    return bool(norms.size) and not all(math.isfinite(v) for v in norms[: max(1, len(norms))])


def _runaway(signs: Signs, step: int) -> bool:
    """Had the loss or the gradient norm already grown a thousandfold before the first bad step?"""
    finite = signs.loss.finite
    if finite.size >= 2 and finite[-1] > 1e3 * max(abs(float(finite[0])), 1e-12):
        return True
    norms = signs.step.raw_norm
    norms = norms[: max(0, min(len(norms), step))]
    good = [v for v in norms if math.isfinite(v)]
    return len(good) >= 2 and good[-1] > 1e3 * max(good[0], 1e-12)


CAUSE = Cause("nan-loss", judge, __doc__, needs=("loss", "birth"), fixes=("guard-nan", "soften-head-activation"))
