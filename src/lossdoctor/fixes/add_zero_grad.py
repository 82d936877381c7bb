"""Zero the gradients before every backward pass."""

from __future__ import annotations

from ..signs import Signs
from ..source import Edit, insert_before
from ..source.locate import OPTIMIZERS
from .fix import Args, Fix
from .places import backward, fragment, model_at, named_calls, optimizer_at


def _edit(signs: Signs, args: Args) -> Edit | None:
    place = backward(signs)
    if place is None:
        return None
    script, line = place
    name = optimizer_at(script, line)
    if name is None and not named_calls(signs, OPTIMIZERS) and signs.step.optimizer is None:
        name = model_at(script, line)
    return None if name is None else insert_before(script, line, [f"{name}.zero_grad()"])


def otherwise(signs: Signs, args: Args) -> str:
    code = "optimizer.zero_grad()"
    return fragment("before each backward pass", code, "loss.backward()")


FIX = Fix(
    id="add-zero-grad",
    safety="safe",
    title=lambda signs, args: "zero the gradients before each backward pass",
    edit=_edit,
    otherwise=otherwise,
)
