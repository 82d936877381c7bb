"""Units start identical and stay so.

## What happens
All units of a layer start with the same weights: zeros, ones, or some other constant. Identical units compute
the same output, receive the same gradient and make the same step, so they stay identical for ever.

## How it looks
- The loss falls to what a single unit can do, or does not move at all (all zeros).
- More hidden units change nothing.
- Rows of a weight matrix are equal to the last bit, also after training.

## Why it keeps the loss from falling
A layer of 64 equal units is one unit. With zeros in all recurrent weights and the head, even the gradient below
the head is exactly 0. Measured: hidden states of such a net had rank 1 after 200 steps of Adam, against 19 in a
healthy one.

## How lossdoctor tells
By structure: before the first step it looks for weight matrices whose rows are equal bit for bit (in a
recurrent layer both matrices must be; the last layer of the net does not count). In a run that has not learned
this is a finding: an error if the arm `reinit` helps or such matrices hold more than 30% of the weights, else a
warning. Healthy: no such layer, or a run that learns all the same. Not judged: the parameters before the first
step were not seen.

## Not to be confused with
- `bad-init`: random, and of the wrong size. Tiny random weights are not symmetric.
- Zero biases, a zero initial state, a last layer or a residual gain of zeros: fine, they leave symmetry in one
  step.
- `capacity-too-small`: there are as many different units as the layer has, and they are too few.

## What to do
`reinit`: leave it to the layers, or draw weights at random; only biases may be constant.

    for name, p in model.named_parameters():
        if p.ndim >= 2:
            torch.nn.init.xavier_uniform_(p)
        else:
            torch.nn.init.zeros_(p)

In an `nn.Parameter` of your own use `torch.randn(...) / n ** 0.5`, not `torch.zeros(...)`. Keras: no
`kernel_initializer="zeros"` or `"ones"`.

## References
- Goodfellow, Bengio, Courville 2016, Deep learning, section 8.4.
- Rumelhart, Hinton, Williams 1986, Learning internal representations by error propagation (symmetry breaking).
"""

from __future__ import annotations

from ...signs import Signs
from ...signs.standing import learned
from ...trace.events import ParamFacts
from ...words import Judgement
from ..cause import Cause, finding
from ..places import recurrent_place
from ..what_if import arm_evidence


def alike(signs: Signs) -> list[ParamFacts]:
    """Layers all of whose units are the same: the recurrent ones by both matrices, others but the last."""
    facts = [f for _, f in sorted(signs.wiring.facts.items())]
    by_module: dict[str, list[ParamFacts]] = {}
    for fact in facts:
        by_module.setdefault(fact.module, []).append(fact)
    weights = [
        f
        for f in facts
        if len(f.shape) >= 2 and f.shape[0] > 1 and f.role in ("weight", "recurrent-input", "recurrent-hidden")
    ]
    last = weights[-1].name if weights else ""
    found = []
    for fact in weights:
        if not fact.rows_equal:
            continue
        mates = [m for m in by_module[fact.module] if m.role.startswith("recurrent-") and len(m.shape) >= 2]
        if mates and not all(m.rows_equal for m in mates if _same_layer(m.name, fact.name)):
            continue
        if not mates and fact.name == last:
            continue
        found.append(fact)
    return found


def _same_layer(a: str, b: str) -> bool:
    return a.rpartition("_l")[2] == b.rpartition("_l")[2]


def judge(signs: Signs) -> Judgement:
    if not signs.wiring.facts:
        return CAUSE.not_judged("a model's parameters before the first step")
    same = alike(signs)
    if not same:
        return CAUSE.healthy("no layer starts with identical units")
    if learned(signs):
        return CAUSE.healthy(f"{same[0].name} starts with identical units, and the run learns all the same")
    total = signs.wiring.size(signs.wiring.in_model) or 1
    share = sum(f.numel for f in same) / total
    arm = signs.arm("reinit", how="standard")
    cured = arm is not None and arm.helps
    value = "zeros" if same[0].max_abs == 0 else f"the constant {same[0].mean:.3g}" if same[0].std < 1e-9 else "equal rows"
    return finding(
        CAUSE.id,
        f"All units of {same[0].name} start identical ({value}): they get the same gradient and stay one unit for ever.",
        [
            ("weight matrices whose units are bit-identical", len(same), "0"),
            ("share of the model's weights in them", share, "0"),
            *(arm_evidence(signs, arm) if arm is not None and arm.took_hold else []),
        ],
        confidence=0.96 if cured else (0.85 if share > 0.3 else 0.6),
        severity="error" if cured or share > 0.3 else "warning",
        proof="structure",
        where=recurrent_place(signs),
        since_step=0,
        panels=("what-if", "gates"),
    )


CAUSE = Cause("symmetric-init", judge, __doc__, needs=("model",), fixes=("reinit",))
