"""A loss of numbers in their own units: `f(torch.tensor(s.inverse_transform(p.numpy())), ...)`, both sides scaled back."""

from __future__ import annotations

import ast

from ..signs import Signs
from ..source import Edit, Script, replace_node, together
from ..source.locate import dotted
from .compared import compared
from .made import made_last
from .round_trips import put_back, taken_out


def before_scaling_back(signs: Signs) -> Edit | None:
    """Prediction and target compared as the net has them, where both went through the same scaler outside the graph."""
    found = compared(signs)
    if found is None:
        return None
    script, prediction, target = found
    given, wanted = _scaled_back(script, prediction), _scaled_back(script, target)
    if given is None or wanted is None or given[0] != wanted[0]:
        return None
    return together(
        replace_node(script, prediction, script.segment(given[1])), replace_node(script, target, script.segment(wanted[1]))
    )


def _scaled_back(script: Script, node: ast.expr) -> tuple[str, ast.expr] | None:
    """(the scaler, the tensor that it was given the numbers of)."""
    inner = put_back(node)
    if isinstance(inner, ast.Name):
        made = made_last(script, node, inner.id)
        inner = made.value if made is not None else None
    if not isinstance(inner, ast.Call) or len(inner.args) != 1 or inner.keywords:
        return None
    name = dotted(inner.func)
    tensor = taken_out(inner.args[0])
    if name.rpartition(".")[2] != "inverse_transform" or "?" in name or tensor is None:
        return None
    return name, tensor
