"""The loss has no path to weights that should learn."""

from __future__ import annotations

from ...signs import Signs
from ...signs.standing import learned
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
    try:
        from ...source.locate import cuts
        from ...source.script import Script
    except ImportError:
        return None
    target = criterion_place(signs) or loss_place(signs)
    if target is None:
        return None
    script = Script.read(target.file)
    if script is None:
        return None
    starts = [s.line for s in signs.wiring.sites.values() if s.what in ("module", "recurrent", "forward") and s.file == target.file]
    lines = [target.line, *[s.line for s in signs.wiring.sites.values() if s.what == "loss" and s.file == target.file]]
    found = list(cuts(script, min([*starts, *lines]), max([*lines, *starts])))
    return found[0] if found else None


CAUSE = Cause("detached-graph", judge, __doc__, needs=("graph",), fixes=("attach-graph",))
