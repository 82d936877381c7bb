"""Which nets behave otherwise in training than in use: those with dropout or batch norm."""

from __future__ import annotations

import ast

from .facts import Facts, inner
from .training import reached
from .values import constructors, network

_MODED = ("Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout", "BatchNorm1d", "BatchNorm2d", "BatchNorm3d")


def has_modes(facts: Facts, model: ast.expr) -> str | None:
    """The name of a layer in `model` that depends on the mode; None where there is none, or it cannot be told."""
    cls = network(facts, model)
    if cls is not None:
        return _moded(facts, cls)
    for call in constructors(facts, model):
        if facts.full(call.func) == "torch.nn.Sequential":
            return _moded(facts, call)
    return None


def _moded(facts: Facts, node: ast.AST) -> str | None:
    for call in [n for n in ast.walk(node) if isinstance(n, ast.Call)]:
        full = facts.full(call.func)
        name = full.rpartition(".")[2]
        if not full.startswith("torch.nn."):
            inside = facts.networks.get(name)
            if inside is not None and inside is not node and (found := _moded(facts, inside)):
                return found
        elif name in _MODED:
            given = call.args[0] if call.args else next((k.value for k in call.keywords if k.arg == "p"), None)
            if "Norm" in name or given is None or (isinstance(given, ast.Constant) and given.value):
                return name
    return None


def mode_calls(facts: Facts, name: str, node: ast.AST) -> list[ast.Call]:
    """`x.eval()` (or `x.train()`) that runs as part of `node`, also in functions of this script that it calls."""
    return [
        n for part in reached(facts, node) for n in _calls(part)
        if isinstance(n.func, ast.Attribute) and n.func.attr == name and len(n.args) <= (name == "train")
    ]  # fmt: skip


def _calls(node: ast.AST) -> list[ast.Call]:
    return [n for n in inner(node) if isinstance(n, ast.Call)]
