"""Backward, then the step, then zeros: never zeros between the two, never the step first."""

from __future__ import annotations

import ast

from ..signs import Signs
from ..source import Call, Edit, Script, calls, delete_line, insert_after, insert_before, optimizer_name, together
from ..source.locate import block_of, statement_at, statement_of
from .fix import Args, Fix
from .places import backward, fragment, one


def _near(script: Script, name: str, method: str, block: list[ast.stmt]) -> Call | None:
    """The one call of the optimizer's method that is a statement of this block."""
    found = []
    for call in calls(script, (method,)):
        statement = statement_of(script, call.node)
        if call.owner == name and isinstance(statement, ast.Expr) and any(s is statement for s in block):
            found.append(call)
    return one(found)


def _edit(signs: Signs, args: Args) -> Edit | None:
    place = backward(signs)
    if place is None:
        return None
    script, line = place
    name = optimizer_name(script, line)
    start = statement_at(script, line)
    if name is None or start is None:
        return None
    block = block_of(script, start)
    zero, step = _near(script, name, "zero_grad", block), _near(script, name, "step", block)
    if step is None:
        return None
    if step.line < line:
        return together(delete_line(script, step.line), insert_after(script, line, [script.segment(step.node)]))
    if zero is None or not line < zero.line < step.line:
        return None
    return together(delete_line(script, zero.line), insert_before(script, line, [script.segment(zero.node)]))


def otherwise(signs: Signs, args: Args) -> str:
    code = ("optimizer.zero_grad()", "loss.backward()", "optimizer.step()")
    return fragment("in the training loop, in this order", *code)


FIX = Fix(
    id="move-zero-grad",
    safety="safe",
    title=lambda signs, args: "zero the gradients before the backward pass, and step right after it",
    edit=_edit,
    otherwise=otherwise,
)
