"""A gated cell instead of a plain one."""

from __future__ import annotations

import ast

from ..signs import Signs
from ..source import Call, Edit, drop_keyword, replace_node, together
from ..source.locate import assigned_to, spelled
from .fix import Args, Fix
from .places import fragment, recurrent_call


def wanted(args: Args) -> str:
    name = str(args.get("cell", "GRU"))
    return name if name in ("GRU", "LSTM", "RNN") else "GRU"


def _state_unused(call: Call) -> bool:
    """Is the layer called without a state, and the one it gives left alone (`out, _ = self.rnn(x)`)?"""
    name, found = assigned_to(call.script, call.node), []
    for node in ast.walk(call.script.tree):
        if not isinstance(node, ast.Call) or name is None or call.script.segment(node.func) != name:
            continue
        parent = call.script.parents.get(node)
        target = parent.targets[0] if isinstance(parent, ast.Assign) else None
        dropped = isinstance(target, ast.Tuple) and len(target.elts) == 2 and ast.unparse(target.elts[1]) == "_"
        first = isinstance(parent, ast.Subscript) and ast.unparse(parent.slice) == "0"
        found.append(len(node.args) == 1 and not node.keywords and (dropped or first))
    return bool(found) and all(found)


def _edit(signs: Signs, args: Args) -> Edit | None:
    call = recurrent_call(signs, ("RNN", "GRU", "LSTM", "RNNCell", "GRUCell", "LSTMCell"))
    if call is None:
        return None
    new = wanted(args) + ("Cell" if call.last.endswith("Cell") else "")
    if "LSTM" in (wanted(args), call.last.removesuffix("Cell")) and not _state_unused(call):
        return None  # An LSTM's state is a pair: what uses the state has to change with it.
    spelling = f"{call.owner}.{new}" if call.owner else spelled(call.script, f"torch.nn.{new}")
    if spelling is None or call.last == new:
        return None
    named = replace_node(call.script, call.node.func, spelling)
    if "nonlinearity" not in call.keywords:
        return named
    return together(named, drop_keyword(call.script, call, "nonlinearity"))


def otherwise(signs: Signs, args: Args) -> str:
    line = f"nn.{wanted(args)}(input_size, hidden_size, batch_first=True)"
    return fragment("where the recurrent layer is made", line)


FIX = Fix(
    id="swap-cell",
    safety="unsafe",
    title=lambda signs, args: f"use {wanted(args)} cells, whose gates keep a memory",
    edit=_edit,
    otherwise=otherwise,
)
