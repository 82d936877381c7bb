"""Zero the gradients before every backward pass."""

from __future__ import annotations

from ..signs import Signs
from ..source import Edit, insert_before
from .fix import Args, Fix
from .places import backward, fragment, model_at, optimizer_at, shown


def _edit(signs: Signs) -> Edit | None:
    place = backward(signs)
    if place is None:
        return None
    script, line = place
    name = optimizer_at(signs, script, line) or (model_at(script, line) if signs.step.optimizer is None else None)
    return None if name is None else insert_before(script, line, [f"{name}.zero_grad()"])


def snippet(signs: Signs, args: Args) -> str:
    code = "optimizer.zero_grad()"
    return shown(lambda: _edit(signs), fragment("before each backward pass", code, "loss.backward()"))


FIX = Fix(
    id="add-zero-grad",
    safety="safe",
    title=lambda signs, args: "zero the gradients before each backward pass",
    snippet=snippet,
)
