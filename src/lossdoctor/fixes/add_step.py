"""Step the optimizer after the backward pass."""

from __future__ import annotations

import ast

from ..signs import Signs
from ..source import Edit, Script, calls, enclosing_loop, insert_after
from ..source.locate import block_of, statement_at, statement_of
from .fix import Args, Fix
from .places import backward, fragment, optimizer_at


def after_gradients(script: Script, line: int) -> int:
    """The line after which gradients are ready: the backward call, or a clip that follows it in its block."""
    start = statement_at(script, line)
    block = block_of(script, start) if start is not None else []
    last = line
    for call in calls(script, ("clip_grad_norm_", "clip_grad_value_", "unscale_")):
        statement = statement_of(script, call.node)
        if any(s is statement for s in block) and call.line > line and isinstance(statement, ast.Expr | ast.Assign):
            last = max(last, call.line)
    return last


def _edit(signs: Signs, args: Args) -> Edit | None:
    place = backward(signs)
    if place is None:
        return None
    script, line = place
    name = optimizer_at(script, line)
    if name is None:
        return None
    loops = enclosing_loop(script, line)
    there = set(ast.walk(loops.inner)) if loops is not None else set()
    if any(c.owner == name and c.node in there for c in calls(script, ("step",))):
        return None  # It is stepped, but seldom: what keeps it from being reached is not ours to guess.
    scaled = [c for c in calls(script, ("scale",)) if c.line == line and c.owner]
    lines = [f"{name}.step()"]
    if scaled:
        lines = [f"{scaled[0].owner}.step({name})", f"{scaled[0].owner}.update()"]
    return insert_after(script, after_gradients(script, line), lines)


def otherwise(signs: Signs, args: Args) -> str:
    return fragment("after the backward pass", "loss.backward()", "optimizer.step()")


FIX = Fix(
    id="add-step",
    safety="safe",
    title=lambda signs, args: "step the optimizer after each backward pass",
    edit=_edit,
    otherwise=otherwise,
)
