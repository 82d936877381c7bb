"""A loss that is added up of numbers and made a tensor again: `total += l.item()`, then `torch.tensor(total / n)`."""

from __future__ import annotations

import ast

from ..signs import Signs
from ..source import Edit, Script, calls, replace_node, together
from ..source.locate import dotted, scope, within
from .made import made_last
from .places import backward, one
from .round_trips import put_back, taken_out


def added_as_numbers(signs: Signs) -> Edit | None:
    """The terms added up as tensors, where the sum is used for nothing but the loss."""
    place = backward(signs)
    call = one([c for c in calls(place[0], ("backward",)) if c.line <= place[1] <= c.end_line]) if place is not None else None
    if place is None or call is None or not isinstance(call.node.func, ast.Attribute):
        return None
    script, loss = place[0], call.node.func.value
    made = made_last(script, call.node, loss.id) if isinstance(loss, ast.Name) else None
    whole = put_back(made.value) if made is not None else None
    sums = [n for n in ast.walk(whole) if isinstance(n, ast.Name) and _is_summed(script, n)] if whole is not None else []
    if made is None or whole is None or len(sums) != 1 or not _is_share(whole, sums[0]):
        return None
    name, home = sums[0].id, scope(script, made.lineno)
    added = [n for n in within(home) if isinstance(n, ast.AugAssign) and dotted(n.target) == name]
    read = [n for n in within(home) if isinstance(n, ast.Name) and n.id == name and isinstance(n.ctx, ast.Load)]
    terms = [taken_out(n.value) for n in added if isinstance(n.op, ast.Add)]
    if len(read) != 1 or len(terms) != len(added):
        return None
    return together(
        *(_as_tensor(script, n, name, term) for n, term in zip(added, terms, strict=True)),
        replace_node(script, made.value, script.segment(whole)),
    )


def _as_tensor(script: Script, node: ast.AugAssign, name: str, term: ast.expr | None) -> Edit | None:
    return replace_node(script, node, f"{name} = {name} + {script.segment(term)}") if term is not None else None


def _is_summed(script: Script, name: ast.Name) -> bool:
    """Begun as a number, and only added to after."""
    home = scope(script, name.lineno)
    stores = [n for n in within(home) if isinstance(n, ast.Name) and n.id == name.id and isinstance(n.ctx, ast.Store)]
    begun = [
        n for n in within(home)
        if isinstance(n, ast.Assign) and [dotted(t) for t in n.targets] == [name.id] and isinstance(n.value, ast.Constant)
    ]  # fmt: skip
    added = [n for n in within(home) if isinstance(n, ast.AugAssign) and dotted(n.target) == name.id]
    return len(begun) == 1 and len(added) >= 1 and len(stores) == len(begun) + len(added)


def _is_share(whole: ast.expr, part: ast.Name) -> bool:
    """The sum itself, or it divided or multiplied by something."""
    if whole is part:
        return True
    return isinstance(whole, ast.BinOp) and isinstance(whole.op, ast.Div | ast.Mult) and whole.left is part
