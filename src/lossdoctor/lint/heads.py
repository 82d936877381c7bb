"""What a prediction has gone through last: softmax, sigmoid, a linear layer ..."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from ..source.locate import dotted
from .facts import FUNCTION, Facts, inner, last, owner
from .reach import reaching
from .values import constructors, network

_ACTIVATIONS = {
    "softmax": "softmax", "Softmax": "softmax", "log_softmax": "log_softmax", "LogSoftmax": "log_softmax",
    "sigmoid": "sigmoid", "Sigmoid": "sigmoid", "logsigmoid": "logsigmoid", "LogSigmoid": "logsigmoid", "relu": "relu",
    "ReLU": "relu", "tanh": "tanh", "Tanh": "tanh", "Linear": "linear",
}  # fmt: skip
_KEEPS = (
    "squeeze", "unsqueeze", "view", "reshape", "transpose", "permute", "flatten", "contiguous", "float", "to", "cpu", "cuda",
    "swapaxes", "mT", "double",
)  # fmt: skip
DEPTH = 10


@dataclass(frozen=True)
class Op:
    """The last operation: its kind, the node that applies it, and the layer that it was made with."""

    kind: str
    node: ast.expr
    layer: ast.Call | None = None
    moved: bool = False


def head(facts: Facts, node: ast.expr | None, index: int | None = None, depth: int = DEPTH, moved: bool = False) -> Op | None:
    """The last operation that made `node` (or item `index` of it); None where it is not certain, or another one."""
    if node is None or depth == 0:
        return None
    if isinstance(node, ast.Tuple):
        return head(facts, node.elts[index], None, depth - 1, moved) if index is not None and index < len(node.elts) else None
    if isinstance(node, ast.Name):
        reached = reaching(facts, node)
        if reached is None or index is not None:
            return None
        binding = reached.binding
        if binding.how == "value":
            return head(facts, binding.value, None, depth - 1, moved)
        return head(facts, binding.value, binding.index, depth - 1, moved) if binding.how == "unpack" else None
    if isinstance(node, ast.Subscript):
        return head(facts, node.value, None, depth - 1, True) if index is None else None
    if not isinstance(node, ast.Call):
        return None
    return _of_call(facts, node, index, depth, moved)


def _of_call(facts: Facts, call: ast.Call, index: int | None, depth: int, moved: bool) -> Op | None:
    full, who = facts.full(call.func), owner(call)
    name = last(call.func)
    if full.startswith(("torch.", "torch.nn.functional.")) and name[:1].islower():
        if name in _ACTIVATIONS and index is None:
            return Op(_ACTIVATIONS[name], call, None, moved)
        return head(facts, call.args[0], index, depth - 1, True) if name in _KEEPS and call.args else None
    if who is not None and not facts.bindings(call.func) and not full.startswith("torch"):
        if name in ("softmax", "log_softmax", "sigmoid", "relu", "tanh") and index is None and dotted(who) != "self":
            return Op(name, call, None, moved)
        if name in _KEEPS:
            return head(facts, who, index, depth - 1, True)
    if isinstance(call.func, ast.Call):
        return _of_layer(call.func, call, facts, moved) if index is None else None
    cls = network(facts, call.func) if facts.bindings(call.func) else None
    if cls is not None:
        return forwarded(facts, cls, index, depth - 1, moved)
    made = constructors(facts, call.func) if facts.bindings(call.func) else []
    if len(made) == 1 and index is None:
        return _of_layer(made[0], call, facts, moved)
    return None


def _of_layer(made: ast.Call, call: ast.Call, facts: Facts, moved: bool) -> Op | None:
    full = facts.full(made.func)
    if not full.startswith("torch.nn."):
        return None
    name = full.rpartition(".")[2]
    if name == "Sequential":
        final = made.args[-1] if made.args else None
        return _of_layer(final, final, facts, moved) if isinstance(final, ast.Call) and not made.keywords else None
    return Op(_ACTIVATIONS[name], call, made, moved) if name in _ACTIVATIONS and name[:1].isupper() else None


def forwarded(facts: Facts, cls: ast.ClassDef, index: int | None, depth: int = DEPTH, moved: bool = False) -> Op | None:
    """The operation that every return of a network's forward ends with."""
    forward = next((i for i in cls.body if isinstance(i, FUNCTION) and i.name == "forward"), None)
    if forward is None or facts.subclassed(cls):
        return None
    returns = [n.value for s in forward.body for n in inner(s) if isinstance(n, ast.Return)]
    ops = [head(facts, value, index, depth, moved) for value in returns]
    if not ops or any(op is None for op in ops) or len({op.kind for op in ops if op is not None}) > 1:
        return None
    return ops[0]
