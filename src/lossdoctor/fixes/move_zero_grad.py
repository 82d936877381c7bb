"""Backward, then the step, then zeros: never zeros between the two, never the step first."""

from __future__ import annotations

import ast

from ..signs import Signs
from ..source import (
    Call,
    Change,
    Edit,
    Script,
    across,
    calls,
    delete_line,
    insert_after,
    insert_before,
    optimizer_name,
    together,
)
from ..source.diff import delete_statement
from ..source.locate import block_of, statement_at, statement_of
from .fix import Args, Fix
from .places import backward, fragment, one, scripts


def _near(script: Script, name: str, method: str, block: list[ast.stmt]) -> Call | None:
    """The one call of the optimizer's method that is a statement of this block."""
    found = []
    for call in calls(script, (method,)):
        statement = statement_of(script, call.node)
        if call.owner == name and isinstance(statement, ast.Expr) and any(s is statement for s in block):
            found.append(call)
    return one(found)


def _by_hand(signs: Signs, script: Script, line: int, name: str) -> Change | None:
    """`p.grad = None` in a function of the script's own: taken out, and zeros before the backward pass instead."""
    found = [
        (s, n) for s in scripts(signs) for n in ast.walk(s.tree)
        if isinstance(n, ast.Assign) and len(n.targets) == 1 and isinstance(n.targets[0], ast.Attribute)
        and n.targets[0].attr == "grad" and ast.unparse(n.value) == "None"
    ]  # fmt: skip
    if len(found) != 1 or any(c.owner == name for s in scripts(signs) for c in calls(s, ("zero_grad",))):
        return None
    where, statement = found[0]
    return across(delete_statement(where, statement), insert_before(script, line, [f"{name}.zero_grad()"]))


def _edit(signs: Signs, args: Args) -> Edit | Change | None:
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
    if zero is None:
        return _by_hand(signs, script, line, name)
    if not line < zero.line < step.line:
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
