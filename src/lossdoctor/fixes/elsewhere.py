"""Other places of a script where the same criterion is asked about the same answer: held-back data, mostly."""

from __future__ import annotations

import ast

from ..source import Call
from ..source.locate import all_calls, dotted

SHAPING = ("squeeze", "view", "reshape", "flatten", "transpose", "permute", "unsqueeze", "float")


def asked_again(call: Call) -> list[Call]:
    """Calls by the same name whose prediction comes from what this call's prediction comes from."""
    if not call.name or "?" in call.name or not call.node.args:
        return []
    mine = answer_of(call.node.args[0])
    return [
        c for c in all_calls(call.script)
        if c.node is not call.node and c.name == call.name and len(c.node.args) >= 2 and mine and answer_of(c.node.args[0]) == mine
    ]  # fmt: skip


def answer_of(node: ast.expr) -> str:
    """`model` of `torch.sigmoid(model(x[rows])).squeeze(-1)`, `logits` of `logits[:, -1]`; empty where it is neither."""
    while True:
        if isinstance(node, ast.Subscript):
            node = node.value
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in SHAPING:
            node = node.func.value
        elif isinstance(node, ast.Call) and dotted(node.func).partition(".")[0] in ("torch", "F", "nn") and len(node.args) >= 1:
            node = node.args[0]
        else:
            break
    name = dotted(node.func if isinstance(node, ast.Call) else node)
    return "" if "?" in name else name
