"""What if the net or its steps were built otherwise? Asked where something of the kind was seen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..signs import Signs
from ..signs.net import autocast, composition, dropouts, hidden_sizes, precision, recurrent_layers, rows

Asked = tuple[str, str, dict[str, Any], str, int]
"""(name, fix, arguments, title, suspicion), as `questions.Question` has them."""

LARGE_BATCH, SMALL_BATCH = 128, 8
FEW_UPDATES = 400
LARGE, BY_HEART = 32, 0.3
"""Units of a net that may be too large, and by how much its training skill is then above its held-back one."""
REST = 1e-6
"""What is left of the other terms: next to nothing, and their gradients are still there."""


def net_questions(signs: Signs) -> Iterator[Asked]:
    noise = dropouts(signs)
    if noise and noise[0].p >= 0.3:
        yield "set-dropout", "set-dropout", {"p": 0.0}, "no dropout", 3 if noise[0].p >= 0.65 else 2
    if any(c.carried for c in signs.wiring.calls):
        yield "reset-state", "reset-state", {}, "a fresh state for every batch", 3
    half = precision(signs) or autocast(signs)
    if half:
        yield "use-float32", "use-float32", {}, f"float32 instead of {half[0]}", 3
    made = composition(signs)
    if made is not None:
        for term in made.terms:
            if term.skill is not None and term.skill > 0.7:
                continue
            args = {"keep": term.ordinal, "factor": REST, "weight": term.weight}
            yield f"weigh-{term.ordinal}", "weigh-loss-term", args, f"{term.fn} alone, the rest of the loss a millionth", 3
    skill, held = signs.loss.skill, signs.loss.held_skill
    sizes = hidden_sizes(signs)
    if sizes and sizes[0] >= LARGE and skill is not None and held is not None and skill - held > BY_HEART:
        yield "narrow", "widen", {"factor": 0.25}, "a quarter of the hidden units", 2
    if skill is not None and skill >= 0.8:
        return
    if sizes and sizes[0] <= 64:
        yield "widen", "widen", {"factor": 4.0}, "four times as many hidden units", 3 if sizes[0] <= 8 else 1
    depth = recurrent_layers(signs)
    if depth >= 3:
        yield "shallower", "shallower", {"layers": 1}, "one recurrent layer", 3 if depth >= 4 else 2
    batch, updates = rows(signs), signs.updates
    if batch is None or signs.step.optimizer is None or signs.step.optimizer_name == "LBFGS":
        return
    if batch >= LARGE_BATCH and updates <= FEW_UPDATES:
        parts = min(32, max(4, batch // 32))
        yield "split-batches", "set-batch", {"parts": parts, "size": batch // parts}, f"batches of {batch // parts}", 3
    elif batch <= SMALL_BATCH and updates >= 200:
        yield "join-batches", "set-batch", {"times": 16, "size": 16 * batch}, f"batches of {16 * batch}", 2
