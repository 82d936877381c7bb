"""Another weight for a term of the loss."""

from __future__ import annotations

import ast

from ..signs import Signs
from ..signs.net import composition
from ..source import Edit, Script, calls, origin, replace_node
from .fix import Args, Fix
from .made import bound_last
from .places import backward, code, fragment, one
from .settings import settle

LESS = 1e-3
SMALL = 0.01
"""What may be left of the error when it is learned well: a penalty stays while the error falls."""


def _weight(signs: Signs) -> float:
    """A thousandth; less where the rest of the loss was so great at the start that it would still be a good part of it."""
    made = composition(signs)
    error = sum(abs(term.share) for term in made.terms[:1]) if made is not None else 0.0
    rest = made.rest if made is not None and len(made.terms) == 1 else 0.0
    return min(LESS, SMALL * error / rest) if error > 0 and rest > 0 else LESS


def _terms(script: Script, line: int) -> tuple[ast.expr, ast.expr] | None:
    """The two that are added up to what is walked back from: `loss = a + b`, `loss += b`."""
    call = one([c for c in calls(script, ("backward",)) if c.line <= line <= c.end_line])
    value = call.node.func.value if call is not None and isinstance(call.node.func, ast.Attribute) else None
    if isinstance(value, ast.Name) and call is not None:
        made = bound_last(script, call.node, value.id)
        if isinstance(made, ast.AugAssign):
            return (made.target, made.value) if isinstance(made.op, ast.Add) else None
        value = made.value if made is not None else None
    return (value.left, value.right) if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Add) else None


def _edit(signs: Signs, args: Args) -> Edit | None:
    """`error + weight * penalty`: a small part of the weight, where one of the two terms has one."""
    place = backward(signs)
    terms = _terms(*place) if place is not None else None
    if place is None or terms is None:
        return None
    script, less = place[0], _weight(signs)
    weighed = [t for t in terms if isinstance(t, ast.BinOp) and isinstance(t.op, ast.Mult)]
    if len(weighed) != 1 or any(isinstance(t, ast.BinOp) and isinstance(t.op, ast.Add) for t in terms):
        return None
    for side in (weighed[0].left, weighed[0].right):
        found = origin(script, side)
        if found is not None:
            return replace_node(found.script, found.node, code(found.value * less, 1 if less < LESS else 3))
        if isinstance(side, ast.Subscript):
            return settle(script, side, f"{code(less, 1)} * {script.segment(side)}")
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
