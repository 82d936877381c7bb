"""Another weight for a term of the loss."""

from __future__ import annotations

import ast

from ..signs import Signs
from ..source import Edit, Script, calls, origin, replace_node
from ..source.locate import scope, within
from .fix import Args, Fix
from .places import backward, code, fragment, one
from .settings import settle

LESS = 1e-3


def _sum(script: Script, line: int) -> ast.BinOp | None:
    """The sum that is walked back from: `loss` of `loss.backward()`, where it was made."""
    call = one([c for c in calls(script, ("backward",)) if c.line <= line <= c.end_line])
    value = call.node.func.value if call is not None and isinstance(call.node.func, ast.Attribute) else None
    if isinstance(value, ast.Name):
        made = [
            n.value for n in within(scope(script, line))
            if isinstance(n, ast.Assign) and len(n.targets) == 1 and isinstance(n.targets[0], ast.Name)
            and n.targets[0].id == value.id and n.lineno <= line
        ]  # fmt: skip
        value = made[0] if len(made) == 1 else None
    return value if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Add) else None


def _edit(signs: Signs, args: Args) -> Edit | None:
    """`error + weight * penalty`: a thousandth of the weight, where one of the two terms has one."""
    place = backward(signs)
    total = _sum(*place) if place is not None else None
    if place is None or total is None:
        return None
    script = place[0]
    weighed = [t for t in (total.left, total.right) if isinstance(t, ast.BinOp) and isinstance(t.op, ast.Mult)]
    if len(weighed) != 1 or any(isinstance(t, ast.BinOp) and isinstance(t.op, ast.Add) for t in (total.left, total.right)):
        return None
    for side in (weighed[0].left, weighed[0].right):
        found = origin(script, side)
        if found is not None:
            return replace_node(found.script, found.node, code(found.value * LESS))
        if isinstance(side, ast.Subscript):
            return settle(script, side, f"{code(LESS)} * {script.segment(side)}")
    return None


FIX = Fix(
    id="weigh-loss-term",
    safety="unsafe",
    title=lambda signs, args: "give the other terms of the loss a smaller weight",
    edit=_edit,
    otherwise=lambda signs, args: fragment(
        "where the terms of the loss are added up; log them apart, and raise the weight slowly", "loss = error + 0.001 * penalty"
    ),
    live=True,
)
