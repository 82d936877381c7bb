"""An operation on the way makes a NaN or an infinity by itself."""

from __future__ import annotations

import math

from ...signs import Signs
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
    if signs.fed.bad_inputs is not None or signs.fed.bad_targets is not None:
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


CAUSE = Cause("nan-loss", judge, __doc__, needs=("loss", "birth"), fixes=("guard-nan",))
