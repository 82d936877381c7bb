"""The loss has no path to weights that should learn.

## What happens
Somewhere between the model and the loss a tensor loses its history: `.detach()`, `.item()`, `.data`,
`.numpy()`, `argmax`, `round`, a cast to integers, `torch.tensor(...)` around a result, or a `no_grad` block.
What comes after it is a plain number to autograd. `backward()` stops there, and the weights before it never get
a gradient.

## How it looks
- The loss stays where it was, or only the last layers learn.
- `element 0 of tensors does not require grad and does not have a grad_fn` - until someone silences it with
  `loss.requires_grad_()`, which makes a new leaf and cures nothing.
- `p.grad is None` for the weights before the cut, after `backward()`.

## Why it keeps the loss from falling
The optimizer skips every parameter whose gradient is None. Nothing that stands before the cut can move, however
many epochs follow and whatever the learning rate.

## How lossdoctor tells
By structure, without a threshold: it walks the autograd graph of the loss down to its leaves. A finding is a
loss that does not require a gradient at all, a loss that reaches none of the model's trainable parameters, or
one that misses parameters whose module took part in the forward pass and which the optimizer holds. The last
module before the cut and the cutting expression in the source are named. Parts that the optimizer does not hold
count as cut on purpose; less than 2% of the weights, or a run with skill of at least 0.8, is healthy. Not
judged: no backward pass, no trainable parameters, or a graph whose leaves are hidden (activation checkpointing,
compiled code).

## Not to be confused with
- `params-not-in-optimizer`: the gradient arrives, and no optimizer uses it.
- `frozen-params`: the parameters do not want a gradient; the graph itself is whole.
- `vanishing-gradients`: there is a path, and what arrives on it is small.

## What to do
`attach-graph`: keep tensors as tensors from the first layer to the loss, and make plain numbers only for
printing.
Where a settings file asks for it: `change-setting`.

    probs = torch.softmax(model(x), dim=1)        # not: torch.tensor(probs.tolist()), not: probs.argmax(1)
    loss = (probs * cost).sum(1).mean()
    loss.backward()
    history.append(loss.item())                   # .item() only here

A choice (`argmax`, sampling) needs a loss on the scores behind it: cross entropy, Gumbel softmax, REINFORCE.
Keras: stay with `keras.ops` inside the `GradientTape`; `.numpy()` and `ops.stop_gradient` cut.

## References
- PyTorch documentation, Autograd mechanics.
- Humbatova et al. 2020, Taxonomy of real faults in deep learning systems (arXiv 1910.11015).
"""

from __future__ import annotations

from ...signs import Signs
from ...signs.standing import learned
from ...source.cuts import cuts
from ...source.script import Script
from ...words import Judgement, Place
from ..cause import Cause, finding
from ..places import criterion_place, loss_place, place


def judge(signs: Signs) -> Judgement:
    wiring = signs.wiring
    if not wiring.graphs:
        return CAUSE.not_judged("a backward pass")
    cut = wiring.cuts[0] if wiring.cuts else None
    where = place(wiring.site(cut.site)) if cut is not None else None
    loose = [g for g in wiring.graphs if not g.requires_grad]
    if loose and not wiring.connected and wiring.in_model and not wiring.in_model & wiring.trainable:
        return CAUSE.healthy("nothing is cut: no parameter of the model wants a gradient")
    if loose and not wiring.connected:
        return finding(
            CAUSE.id,
            "The loss is cut off from the model: it does not require a gradient, so backward() has nowhere to go.",
            [
                ("loss.requires_grad", False, "True"),
                ("trainable parameters in the model", len(wiring.in_model & wiring.trainable), ""),
                *_last(cut),
            ],
            confidence=0.97,
            where=_cut_place(signs) or where or loss_place(signs),
            since_step=0,
            panels=("loss",),
        )
    if wiring.opaque:
        return CAUSE.not_judged("a graph whose leaves can be seen (activation checkpointing or compiled code hides them)")
    wanted = wiring.in_model & wiring.trainable
    if not wanted:
        return CAUSE.not_judged("a model with trainable parameters")
    rebuilt = [shape for g in wiring.connected for shape in g.rebuilt_leaves]
    if not wiring.reached & wanted:
        extra = [("tensors rebuilt from values on the way", len(rebuilt), "0")] if rebuilt else []
        return finding(
            CAUSE.id,
            f"The loss reaches none of the model's {len(wanted)} trainable parameters: it is cut off on the way.",
            [("parameters that the loss reaches", 0, f"{len(wanted)}"), *extra, *_last(cut)],
            confidence=0.97,
            where=_cut_place(signs) or where or criterion_place(signs),
            since_step=0,
            panels=("loss",),
        )
    ran = {m.module for m in signs.time.modules if m.module} | {c.module for c in wiring.calls if c.module}
    lost = frozenset(i for i in wiring.unreached if any(_inside(wiring.facts[i].module, r) for r in ran) or not ran)
    meant = lost & wiring.held
    if not lost or not meant:
        return CAUSE.healthy("the loss reaches every parameter that ran and is meant to learn")
    share = wiring.size(meant) / max(1, wiring.size(wanted))
    if learned(signs) or share < 0.02:
        return CAUSE.healthy(f"{wiring.names(meant)} get no gradient, and the run learns all the same")
    return finding(
        CAUSE.id,
        f"Part of the model is cut off from the loss: {wiring.names(meant)} took part in the forward pass, the optimizer "
        f"holds them, and no gradient reaches them ({share:.0%} of the trainable weights).",
        [
            ("share of trainable weights that the loss does not reach", share, "0"),
            *([("tensors rebuilt from values on the way", len(rebuilt), "0")] if rebuilt else []),
            *_last(cut),
        ],
        confidence=0.93,
        where=_cut_place(signs) or where or criterion_place(signs),
        since_step=0,
        panels=("loss",),
    )


def _last(cut: object) -> list[tuple[str, str, str]]:
    from ...trace.events import GraphCut

    if not isinstance(cut, GraphCut):
        return []
    reasons = {
        "no_grad": "it ran under no_grad",
        "detached": "its output is cut off afterwards",
        "not-required": "its output does not require a gradient",
    }
    return [("last module before the cut", f"{cut.module or cut.module_cls}: {reasons.get(cut.reason, cut.reason)}", "")]


def _inside(path: str, module: str) -> bool:
    return path == module or path.startswith(module + ".")


def _cut_place(signs: Signs) -> Place | None:
    """The nearest cutting expression in the source between the last module and the loss."""
    target = criterion_place(signs) or loss_place(signs)
    if target is None:
        return None
    script = Script.read(target.file)
    if script is None:
        return None
    starts = [
        s.line for s in signs.wiring.sites.values() if s.what in ("module", "recurrent", "forward") and s.file == target.file
    ]
    lines = [target.line, *[s.line for s in signs.wiring.sites.values() if s.what == "loss" and s.file == target.file]]
    found = cuts(script, min([*starts, *lines]), max([*lines, *starts]))
    return Place(found[0].script.file, found[0].line) if found else None


CAUSE = Cause("detached-graph", judge, __doc__, needs=("graph",), fixes=("attach-graph", "change-setting"))
