"""Tensors that are taken out of the graph as numbers and put back: `torch.tensor(x.item())` is x, without its past."""

from __future__ import annotations

import ast

from ..source import Script
from ..source.locate import dotted

OUT = ("item", "detach", "detach_", "numpy", "tolist", "cpu")
PLAIN = ("clone", "contiguous", "requires_grad_")
BACK = ("tensor", "as_tensor", "asarray", "from_numpy", "FloatTensor", "Tensor", "Variable")
FLOATS = ("torch.float", "torch.float32")


def taken_out(node: ast.expr) -> ast.expr | None:
    """x of `x.item()`, `float(x.detach())`, `x.detach().cpu().numpy()`; None where nothing is taken out."""
    out = False
    while True:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in (*OUT, *PLAIN):
            if node.func.attr != "requires_grad_" and (node.args or node.keywords):
                return None
            out = out or node.func.attr in OUT
            node = node.func.value
        elif isinstance(node, ast.Attribute) and node.attr == "data":
            out, node = True, node.value
        elif isinstance(node, ast.Call) and dotted(node.func) in ("float", "np.array", "np.asarray") and len(node.args) == 1:
            if node.keywords:
                return None
            out, node = out or dotted(node.func) == "float", node.args[0]
        else:
            return node if out else None


def put_back(node: ast.expr) -> ast.expr | None:
    """What `torch.tensor(numbers, requires_grad=True)` is made of; None where it is no such call, or changes the numbers."""
    while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in PLAIN:
        node = node.func.value
    if not isinstance(node, ast.Call) or len(node.args) != 1 or isinstance(node.args[0], ast.Starred):
        return None
    name = dotted(node.func)
    if name.rpartition(".")[2] not in BACK or name.partition(".")[0] not in ("torch", "Variable"):
        return None
    for given in node.keywords:
        floats = given.arg == "dtype" and ast.unparse(given.value) in FLOATS
        if given.arg not in ("requires_grad", "device") and not floats:
            return None
    return node.args[0]


def round_trip(node: ast.expr) -> ast.expr | None:
    """The tensor that an expression takes out and puts back, or only cuts off: x of `torch.tensor(x.item())`, `x.detach()`."""
    inner = put_back(node)
    return taken_out(node if inner is None else inner)


def outermost(script: Script, node: ast.expr) -> tuple[ast.expr, ast.expr] | None:
    """(the whole round trip that a cut is part of, the tensor that goes through it); None where there is other work between."""
    found: tuple[ast.expr, ast.expr] | None = None
    at: ast.AST | None = node
    while isinstance(at, ast.expr):
        inner = round_trip(at)
        if inner is not None and not any(n is node for n in ast.walk(inner)):
            found = (at, inner)
        at = script.parents.get(at)
    return found
