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
from .places import backward, fragment, model_at, one, scripts


def _near(script: Script, owners: tuple[str, ...], method: str, block: list[ast.stmt]) -> list[Call]:
    """The calls of a method of these that are statements of this block."""
    found = []
    for call in calls(script, (method,)):
        statement = statement_of(script, call.node)
        if call.owner in owners and isinstance(statement, ast.Expr) and any(s is statement for s in block):
            found.append(call)
    return found


def _cleared_between(script: Script, start: ast.stmt, step: Call, zeros: list[Call]) -> Edit | None:
    """Zeros that stand between the two are taken out; where there are no others, they go before the backward pass."""
    places = [(c, s) for c in zeros if (s := statement_of(script, c.node)) is not None]
    end = script.span(step.node)[0]
    wrong = [(c, s) for c, s in places if script.span(start)[1] < script.span(s)[0] < end]
    if not wrong:
        return None
    taken = [delete_statement(script, s) for _, s in wrong]
    if len(wrong) < len(places):
        return together(*taken)
    return together(*taken, insert_before(script, start.lineno, [script.segment(wrong[0][0].node)]))


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
    model = model_at(script, line)
    owners = (name,) if model is None else (name, model)
    zeros, step = _near(script, owners, "zero_grad", block), one(_near(script, (name,), "step", block))
    if step is None:
        return None
    if step.line < line:
        return together(delete_line(script, step.line), insert_after(script, line, [script.segment(step.node)]))
    return _cleared_between(script, start, step, zeros) if zeros else _by_hand(signs, script, line, name)


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
