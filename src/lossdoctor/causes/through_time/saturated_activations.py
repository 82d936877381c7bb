"""Gates or units sit at their ends and pass no gradient.

## What happens
Gates (sigmoid) or units (tanh) get pre-activations so large that they sit at 0, 1 or -1. There the curve is
flat: at |a| > 4 the slope of a sigmoid is below 0.018. Here the reason is neither the initial weights nor the
inputs, but for instance a bias of 10, a hard gate, or a factor in front of the activation.

## How it looks
- The loss stands still from the first step, with tiny gradients everywhere below.
- A histogram of the gates has two towers at its ends, the same for every sample.
- The hidden state is the same for all inputs, or never changes after the first time step.

## Why it keeps the loss from falling
What passes a saturated unit is multiplied by its slope, once for each layer and time step. A gate that is shut
for good also shuts out the signal.

## How lossdoctor tells
The replay gives the share of gates with |a| > 4 before training and at the end, the share of units with a gate
stuck at one end, and how much of the pre-activation comes from inputs, state and bias. More than half saturated
at the start, tanh modules whose outputs sit at their ends on the first batch, or more than 80% saturated with
over half stuck at the end: a finding in a run that has not learned. It is an error above 70% (80% for modules)
at a skill below 0.2, else a warning. Healthy: fewer, a run that learns (trained gates may sit at their ends),
or a consequence of `bad-init` or `unscaled-inputs`, which are then the root. Not judged: no replay and no such
module.

## Not to be confused with
- `unscaled-inputs`: the inputs carry the pre-activation (features of mean 100 saturate 79% of the gates).
- `bad-init`: the weights do. `lr-too-high`: the gates got stuck in the first large steps.
- `vanishing-gradients`: the gates are in their middle, and the gradient fades over time nevertheless.

## What to do
Find what drives it (the report says whether inputs, state or bias). `reinit` sets weights and biases back,
`scale-inputs` standardises what comes in; a norm layer in front keeps it there.

    for name, p in model.lstm.named_parameters():
        if "bias" in name:
            torch.nn.init.zeros_(p)
    self.norm = nn.LayerNorm(n_features)          # in front of the recurrent layer

Keras: `bias_initializer="zeros"`, `LayerNormalization()`; hard sigmoids are flat beyond their ends.

## References
- Glorot, Bengio 2010, Understanding the difficulty of training deep feedforward neural networks.
- Rakitianskaia, Engelbrecht 2015, Measuring saturation in neural networks.
"""

from __future__ import annotations

from ...signs import Signs
from ...signs.standing import inputs_off_scale, learned, weights_off_init
from ...words import Judgement
from ..cause import Cause, finding
from ..places import recurrent_place

MUCH = 0.5


def judge(signs: Signs) -> Judgement:
    early = signs.time.early(1)
    squashing = [
        m
        for m in signs.time.modules
        if m.cls in ("sigmoid", "tanh", "Tanh", "Sigmoid", "Hardtanh", "Hardsigmoid", "Softsign")
    ]
    if not early and not squashing:
        return CAUSE.not_judged("a recurrent layer that a replay can follow, or a squashing module")
    if learned(signs):
        return CAUSE.healthy("gates near their ends are fine in a net that has learned")
    first, last = signs.time.saturated(), signs.time.saturated(late=True)
    stuck = max((g[3] for s in signs.time.late(1) for g in s.gates.values() if len(g) > 3), default=0.0)
    worst = max(early, key=lambda s: max((g[2] for g in s.gates.values()), default=0.0), default=None)
    flat = max(_flat_modules(signs), _flat_results(signs))
    if (worst is None or not first > MUCH) and not flat and not (last > 0.8 and stuck > MUCH):
        return CAUSE.healthy(f"saturated gates: {first:.0%} at the start, {last:.0%} at the end")
    shares = {"inputs": worst.from_input, "state": worst.from_state, "bias": worst.from_bias} if worst is not None else {}
    carrier = max(shares, key=lambda k: shares[k]) if shares else ""
    off = list(weights_off_init(signs))
    if (off and (first > MUCH or flat)) or (inputs_off_scale(signs) and carrier == "inputs"):
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


def _flat_results(signs: Signs) -> float:
    """Share of the values of sigmoids and tanhs written by hand that lie at their ends on the first batches."""
    first = [m.zero_share for m in signs.time.modules if m.cls in ("sigmoid", "tanh") and m.step <= 1]
    share = sum(first) / len(first) if first else 0.0
    return share if share > MUCH else 0.0


def _flat_modules(signs: Signs) -> float:
    """Share of a squashing module's units at its ends on the first batch (|tanh| near 1 leaves no deviation)."""
    first = [
        m for m in signs.time.modules if m.cls in ("Tanh", "Softsign") and m.step == min(x.step for x in signs.time.modules)
    ]
    shares = [1.0 for m in first if m.std > 0.97 or (abs(m.mean) > 0.97)]
    return max(shares, default=0.0)


CAUSE = Cause("saturated-activations", judge, __doc__, needs=("replay",), fixes=("reinit", "scale-inputs"))
