"""Backward runs on a loss that has no way back to the weights: `.item()`, `.detach()`, `.data`, NumPy, argmax, or a
prediction made under `no_grad`.

Silent as soon as one part of the loss may still carry a gradient: every name whose value cannot be followed counts as
one that does.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from enum import Enum

from ...source.locate import dotted
from ..check import Alarm, Check
from ..facts import Facts, last, owner
from ..reach import reaching, under_no_grad
from ..training import loss_kind, plain_backwards
from ..values import network

_CUT_METHODS = ("item", "detach", "numpy", "tolist", "argmax", "long", "int", "sign")
_REBUILDS = ("tensor", "as_tensor", "from_numpy", "Tensor", "FloatTensor", "Variable", "argmax")
_SHAPES = ("size", "numel", "dim")
DEPTH = 12


class Way(Enum):
    OPEN = "may carry a gradient"
    CUT = "was cut"
    DATA = "never carried one"


class _Trail:
    """Follows a loss back to what it is made of; remembers where it was cut."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.cuts: list[tuple[ast.expr, str]] = []

    def way(self, node: ast.expr | None, depth: int = DEPTH) -> Way:
        if node is None or depth == 0:
            return Way.OPEN
        if isinstance(node, ast.Constant):
            return Way.DATA
        if isinstance(node, ast.Name):
            return self._name(node, depth)
        if isinstance(node, ast.BinOp):
            return _joined([self.way(node.left, depth - 1), self.way(node.right, depth - 1)])
        if isinstance(node, ast.UnaryOp):
            return self.way(node.operand, depth - 1)
        if isinstance(node, ast.Subscript):
            return self.way(node.value, depth - 1)
        if isinstance(node, ast.Attribute) and node.attr == "data" and isinstance(node.value, ast.Name | ast.Call):
            return self._cut(node, ".data")
        if isinstance(node, ast.Call):
            return self._call(node, depth)
        return Way.OPEN

    def _cut(self, node: ast.expr, what: str) -> Way:
        self.cuts.append((node, what))
        return Way.CUT

    def _name(self, node: ast.Name, depth: int) -> Way:
        reached = reaching(self.facts, node)
        if reached is None:
            return Way.OPEN
        binding = reached.binding
        if binding.how == "loop":
            return Way.DATA if self._over_data(binding.value) else Way.OPEN
        if binding.how in ("value", "unpack"):
            return self.way(binding.value, depth - 1)
        return Way.OPEN

    def _over_data(self, node: ast.expr | None) -> bool:
        """A loop over what is called a loader, or was made as one: its batches are data."""
        while isinstance(node, ast.Call) and last(node.func) in ("enumerate", "tqdm", "trange") and node.args:
            node = node.args[0]
        text = dotted(node).lower() if isinstance(node, ast.Name | ast.Attribute) else ""
        return any(word in text for word in ("loader", "dataloader", "train_dl", "train_iter", "batches"))

    def _call(self, node: ast.Call, depth: int) -> Way:
        who, name = owner(node), last(node.func)
        full = self.facts.full(node.func)
        torch = full.startswith(("torch.", "numpy."))
        if torch and name in _REBUILDS:
            if _fresh(node):
                return self._cut(node, f"{name}()") if _holds_result(self, node, depth) else Way.OPEN
            inside = [self.way(a, depth - 1) for a in node.args[:1]]
            return Way.DATA if inside == [Way.DATA] else self._cut(node, f"{name}()")
        if not torch and who is not None and name in _CUT_METHODS and not isinstance(who, ast.Constant):
            return self._cut(node, f".{name}()")
        if loss_kind(self.facts, node) is not None:
            return _joined([self.way(a, depth - 1) for a in node.args[:2]]) if len(node.args) >= 2 else Way.OPEN
        if torch and full.startswith("torch.") and node.args:
            return _joined([self.way(a, depth - 1) for a in node.args])
        if not torch and who is not None and name in _PLAIN_METHODS:
            return _joined([self.way(who, depth - 1), *(self.way(a, depth - 1) for a in node.args)])
        if under_no_grad(self.facts, node) and self.facts.bindings(node.func) and network(self.facts, node.func) is not None:
            return self._cut(node, "no_grad()")
        return Way.OPEN


_PLAIN_METHODS = (
    "mean", "sum", "view", "reshape", "squeeze", "unsqueeze", "float", "to", "cuda", "cpu", "flatten", "transpose", "permute",
    "pow", "abs", "exp", "log", "requires_grad_", "double", "contiguous", "clone", "mul", "add", "sub", "div",
)  # fmt: skip


def _joined(ways: list[Way]) -> Way:
    if Way.OPEN in ways:
        return Way.OPEN
    return Way.CUT if Way.CUT in ways else Way.DATA


def _fresh(node: ast.Call) -> bool:
    return any(k.arg == "requires_grad" and getattr(k.value, "value", False) is True for k in node.keywords)


def _holds_result(trail: _Trail, node: ast.Call, depth: int) -> bool:
    """A new leaf made of something computed (`torch.tensor(loss.item(), requires_grad=True)`)."""
    inside = _Trail(trail.facts)
    return bool(node.args) and inside.way(node.args[0], depth - 1) is Way.CUT


def look(facts: Facts) -> Iterator[Alarm]:
    for backward in plain_backwards(facts):
        loss = owner(backward)
        while isinstance(loss, ast.Call) and last(loss.func) == "scale" and len(loss.args) == 1:
            loss = loss.args[0]
        trail = _Trail(facts)
        if trail.way(loss) is not Way.CUT:
            continue
        node, what = min(trail.cuts, key=lambda c: (c[0].lineno, c[0].col_offset))
        line = "" if node.lineno == backward.lineno else f" (backward in line {backward.lineno})"
        yield Alarm(
            node, f"`{what}` cuts the loss from the weights, so backward reaches none of them{line}. "
            "Keep the loss a tensor that is computed from the model's output.",
        )  # fmt: skip


CHECK = Check("detached-graph", "cut-loss", look, ("backward",))
