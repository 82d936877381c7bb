"""Step the optimizer after the backward pass."""

from __future__ import annotations

import ast

from ..signs import Signs
from ..source import Call, Edit, Script, calls, enclosing_loop, insert_after
from ..source.locate import block_of, statement_at, statement_of
from .fix import Args, Fix
from .places import backward, fragment, optimizer_at
from .settings import settle


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


def _every_batch(step: Call) -> Edit | None:
    """Gradients gathered over more batches than there are: `if (i + 1) % n == 0:` with n of 1."""
    statement = statement_of(step.script, step.node)
    guard = step.script.parents.get(statement) if statement is not None else None
    if not isinstance(guard, ast.If) or guard.orelse:
        return None
    turns = [n for n in ast.walk(guard.test) if isinstance(n, ast.BinOp) and isinstance(n.op, ast.Mod)]
    number = turns[0].right if len(turns) == 1 else None
    used = isinstance(number, ast.Name | ast.Subscript | ast.Attribute) and any(
        isinstance(n, ast.BinOp) and isinstance(n.op, ast.Div) and number is not None and ast.dump(n.right) == ast.dump(number)
        for n in ast.walk(step.script.tree)
    )
    return settle(step.script, number, "1") if number is not None and used else None


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
    stepped = [c for c in calls(script, ("step",)) if c.owner == name and c.node in there]
    if stepped:
        return _every_batch(stepped[0]) if len(stepped) == 1 else None
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
