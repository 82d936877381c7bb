"""The optimizer does not hold the weights that the loss reaches.

## What happens
The loss reaches parameters that no optimizer holds. Usual ways: the optimizer was made before the model was
built anew, so that it holds the old one; a layer was added after it; layers live in a plain Python list or
dict, where `model.parameters()` does not see them; or only `model.head.parameters()` was passed.

## How it looks
- The loss stays (all weights left out), or learns as far as the few weights that are held can bring it.
- `p.grad` is there, and even grows, because `optimizer.zero_grad()` does not know the parameter either.
- `sum(p.numel() for p in model.parameters())` is smaller than the layers suggest.

## Why it keeps the loss from falling
`step()` only moves what it was given. Everything else keeps its random start.

## How lossdoctor tells
By sets: the parameters that the loss reaches in the autograd graph and that want a gradient, minus those in any
optimizer, minus those whose values change all the same (updates by hand). More than 30% of the weights on the
loss's path is an error, less a warning, a run that learns without them (skill of at least 0.8) a note. If the
optimizer instead holds parameters of the same shapes that the loss never reaches, it says so: they are another
model's. Healthy when nothing is left over. Not judged: no optimizer that steps, or no loss with a graph.

## Not to be confused with
- `frozen-params`: the left-out parameters have `requires_grad` False.
- `detached-graph`: the optimizer holds them, and the loss does not reach them.
- `missing-optimizer-step`: nothing is stepped at all.

## What to do
`hold-all-parameters`: finish the model first (`.to(device)`, weights loaded, heads replaced), then make the
optimizer; keep layers in `nn.ModuleList` or `nn.ModuleDict`.
Where a settings file asks for it: `change-setting`.

    self.cells = nn.ModuleList(nn.LSTMCell(n, hidden) for n in sizes)    # not a plain list
    ...
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)            # after the last change of the model
    optimizer.add_param_group({"params": model.new_head.parameters()})   # for what comes later

Keras collects the trainable variables of layers that are attributes of the model; build them in `__init__`.

## References
- PyTorch documentation, torch.optim: Constructing it; torch.nn.ModuleList.
- Jiang et al. 2025, Training with confidence (arXiv 2506.14813).
"""

from __future__ import annotations

from ...signs import Signs
from ...signs.standing import learned
from ...words import Judgement
from ..cause import Cause, finding
from ..places import loss_place


def judge(signs: Signs) -> Judgement:
    wiring = signs.wiring
    if signs.step.optimizer is None:
        return CAUSE.not_judged("an optimizer that steps")
    if not wiring.connected:
        return CAUSE.not_judged("a backward pass from a loss with a graph")
    changed = signs.update.ever_changed
    unheld = frozenset(i for i in wiring.unheld if not changed.get(i, False))
    if not unheld:
        return CAUSE.healthy("every parameter that the loss reaches is held by an optimizer")
    share = wiring.size(unheld) / max(1, wiring.size(wiring.reached & wiring.trainable))
    stale = wiring.stale
    same_shapes = bool(stale) and sorted(wiring.facts[i].shape for i in stale) == sorted(
        wiring.facts[i].shape for i in unheld
    )
    evidence: list[tuple[str, float | int | str | bool | None, str]] = [
        ("share of the weights on the loss's path that no optimizer holds", share, "0"),
        ("parameters left out", len(unheld), "0"),
    ]
    if stale:
        evidence.append(("parameters held that the loss never reaches", len(stale), "0"))
    if learned(signs) or (share < 0.05 and not stale):
        return finding(
            CAUSE.id,
            f"No optimizer holds {wiring.names(unheld)} ({share:.0%} of the weights); the run learns without them.",
            evidence,
            confidence=0.5,
            severity="note" if learned(signs) else "warning",
            where=loss_place(signs),
        )
    if same_shapes:
        summary = (
            f"The optimizer holds the weights of another model: its {len(stale)} parameters are never reached by the "
            f"loss, and {len(unheld)} parameters of the same shapes that are, it does not hold."
        )
    else:
        outside = [i for i in unheld if i not in wiring.in_model]
        hint = " They belong to no registered module (a plain list or dict of layers?)." if outside else ""
        summary = f"The optimizer does not hold {wiring.names(unheld)}: {share:.0%} of the weights can never move.{hint}"
    return finding(
        CAUSE.id, summary, evidence, confidence=0.95 if share > 0.3 else 0.75,
        severity="error" if share > 0.3 else "warning", where=loss_place(signs), since_step=0, panels=("updates",),
    )  # fmt: skip


CAUSE = Cause("params-not-in-optimizer", judge, __doc__, needs=("graph", "optimizer"), fixes=("hold-all-parameters", "change-setting"))
