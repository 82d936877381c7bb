"""Gates or units sit at their ends and pass no gradient."""

from __future__ import annotations

from ...signs import Signs
from ...signs.standing import inputs_off_scale, learned, weights_off_init
from ...words import Judgement
from ..cause import Cause, finding
from ..places import recurrent_place

MUCH = 0.5


def judge(signs: Signs) -> Judgement:
    early = signs.time.early(1)
    squashing = [m for m in signs.time.modules if m.cls in ("Tanh", "Sigmoid", "Hardtanh", "Hardsigmoid", "Softsign")]
    if not early and not squashing:
        return CAUSE.not_judged("a recurrent layer that a replay can follow, or a squashing module")
    if learned(signs):
        return CAUSE.healthy("gates near their ends are fine in a net that has learned")
    first, last = signs.time.saturated(), signs.time.saturated(late=True)
    stuck = max((g[3] for s in signs.time.late(1) for g in s.gates.values() if len(g) > 3), default=0.0)
    worst = max(early, key=lambda s: max((g[2] for g in s.gates.values()), default=0.0), default=None)
    flat = _flat_modules(signs)
    if (worst is None or not first > MUCH) and not flat and not (last > 0.8 and stuck > MUCH):
        return CAUSE.healthy(f"saturated gates: {first:.0%} at the start, {last:.0%} at the end")
    shares = {"inputs": worst.from_input, "state": worst.from_state, "bias": worst.from_bias} if worst is not None else {}
    carrier = max(shares, key=lambda k: shares[k]) if shares else ""
    off = [o for o in weights_off_init(signs)]
    if (off and first > MUCH) or (inputs_off_scale(signs) and carrier == "inputs"):
        from_bias = bool(off) and all(o.role == "bias" for o in off) and carrier == "bias"
        if not from_bias:
            return CAUSE.healthy("the gates are saturated as a consequence of the initial weights or of unscaled inputs")
    evidence: list[tuple[str, float | int | str | bool | None, str]] = [
        ("gates with |a| > 4 before training, share", first, "below 0.1"),
        ("gates with |a| > 4 at the end, share", last, "below 0.5"),
        ("units with a gate stuck at one end, share", stuck, "below 0.1"),
    ]
    if carrier:
        evidence.append((f"share of the pre-activation that comes from the {carrier}", shares[carrier], "balanced"))
    where = recurrent_place(signs)
    if flat:
        evidence.append(("squashing units at their ends from the first batch, share", flat, "below 0.3"))
    return finding(
        CAUSE.id,
        f"{first:.0%} of the gates are saturated from the start, driven by the {carrier}: almost no gradient passes."
        if first > MUCH
        else (f"{flat:.0%} of the squashed units sit at their ends: almost no gradient passes." if flat else
              f"The gates got stuck at their ends: {last:.0%} saturated, {stuck:.0%} of the units never leave."),
        evidence, confidence=0.8 if first > MUCH or flat else 0.55,
        severity="error" if (first > 0.7 or flat > 0.8) and (signs.loss.skill or 0) < 0.2 else "warning",
        proof="structure", where=where, panels=("gates", "through-time"),
    )  # fmt: skip


def _flat_modules(signs: Signs) -> float:
    """Share of a squashing module's units at its ends on the first batch (|tanh| near 1 leaves no deviation)."""
    first = [m for m in signs.time.modules if m.cls in ("Tanh", "Softsign") and m.step == min(x.step for x in signs.time.modules)]
    shares = [1.0 for m in first if m.std > 0.97 or (abs(m.mean) > 0.97)]
    return max(shares, default=0.0)


CAUSE = Cause("saturated-activations", judge, __doc__, needs=("replay",), fixes=("reinit", "scale-inputs"))
