"""Axes moved, not cut anew."""

from __future__ import annotations

import ast

from ..signs import Signs
from ..source import Change, Edit, Script, across, calls, replace_node
from ..source.locate import RECURRENT, assigned_to, dotted, within
from .ends import forward_of
from .fix import Args, Fix
from .places import fragment, scripts
from .swapped import swapped_axes

SHAPING = ("view", "reshape")


def _states(script: Script, function: ast.AST) -> set[str]:
    """Names of final states: `_, h = self.gru(x)`, `_, (h, c) = self.lstm(x)`. Their axes are (layers, batch, hidden)."""
    layers = {assigned_to(script, c.node) for c in calls(script, RECURRENT[:3])} - {None}
    found: set[str] = set()
    for node in within(function):
        if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Call) or dotted(node.value.func) not in layers:
            continue
        target = node.targets[0]
        state = target.elts[1] if isinstance(target, ast.Tuple) and len(target.elts) == 2 else None
        found |= {n.id for n in ast.walk(state) if isinstance(n, ast.Name)} if state is not None else set()
    return found


def _scopes(script: Script) -> list[ast.AST]:
    inner = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
    return [script.tree, *(n for n in ast.walk(script.tree) if isinstance(n, inner))]


def _edit(signs: Signs, args: Args) -> Edit | Change | None:
    """A tensor's own sizes in another order; outputs stacked along time and then viewed as batch first; a final state
    viewed as (batch, all)."""
    swapped = [edit for script in scripts(signs) for scope in _scopes(script) for edit in swapped_axes(script, scope)]
    if swapped:
        return across(*swapped)
    place = forward_of(signs)
    if place is None:
        return None
    script, function = place
    states, edits = _states(script, function), []
    for node in within(function):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in SHAPING):
            continue
        inner = node.func.value
        if isinstance(inner, ast.Call) and dotted(inner.func) == "torch.stack" and len(inner.args) == 1:
            if not inner.keywords and len(node.args) == 3:
                edits.append(replace_node(script, node, f"torch.stack({script.segment(inner.args[0])}, dim=1)"))
        elif isinstance(inner, ast.Name) and inner.id in states and len(node.args) == 2:
            sizes = ", ".join(script.segment(a) for a in node.args)
            edits.append(replace_node(script, node, f"{inner.id}.transpose(0, 1).reshape({sizes})"))
    return edits[0] if len(edits) == 1 else None


FIX = Fix(
    id="permute-axes",
    safety="unsafe",
    title=lambda signs, args: "move the axes with transpose or permute instead of view or reshape",
    edit=_edit,
    otherwise=lambda signs, args: fragment(
        "where view or reshape changes the order of axes (batch, time, features)",
        "x = x.transpose(1, 2)                    # not x.view(batch, features, time)",
        "h = h_n.transpose(0, 1).flatten(1)       # (layers, batch, hidden) -> (batch, layers * hidden)",
    ),
)
