"""The optimizer does not hold the weights that the loss reaches."""

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
    same_shapes = bool(stale) and sorted(wiring.facts[i].shape for i in stale) == sorted(wiring.facts[i].shape for i in unheld)
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


CAUSE = Cause("params-not-in-optimizer", judge, __doc__, needs=("graph", "optimizer"), fixes=("hold-all-parameters",))
