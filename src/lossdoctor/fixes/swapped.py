"""Shapes that name the axes of a tensor in another order: `x.reshape(x.shape[1], x.shape[0], -1)`."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from ..source import Edit, Script, replace_node
from ..source.locate import dotted, within

SHAPING = ("view", "reshape")


def swapped_axes(script: Script, place: ast.AST) -> list[Edit]:
    """Every view or reshape of a scope that gives a tensor's own sizes with two of them in each other's place; the two axes
    are moved first, so that each row stays itself."""
    found = []
    for node in (place, *within(place)):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in SHAPING):
            continue
        pair = _swapped([_axis(place, node.func.value, size) for size in _sizes(node)])
        edit = _moved(script, node, pair) if pair is not None else None
        if edit is not None:
            found.append(edit)
    return found


def _sizes(node: ast.Call) -> Sequence[ast.expr]:
    only = node.args[0] if len(node.args) == 1 else None
    return only.elts if isinstance(only, ast.Tuple | ast.List) else node.args


def _swapped(axes: Sequence[int | None]) -> tuple[int, int] | None:
    """The two axes, where all the rest stand in their own places (the last may be told by -1)."""
    wrong = [at for at, axis in enumerate(axes) if axis is not None and axis != at]
    known = [axis for axis in axes if axis is not None]
    if len(wrong) != 2 or (axes[wrong[0]], axes[wrong[1]]) != (wrong[1], wrong[0]):
        return None
    open_ends = [at for at, axis in enumerate(axes) if axis is None]
    return (wrong[0], wrong[1]) if len(set(known)) == len(known) and open_ends in ([], [len(axes) - 1]) else None


def _axis(place: ast.AST, tensor: ast.expr, size: ast.expr) -> int | None:
    """Which of a tensor's own axes a size is: `x.shape[1]`, `x.size(1)`, `len(x)`, or a name unpacked from `x.shape`."""
    own = ast.dump(tensor)
    if isinstance(size, ast.Subscript) and isinstance(size.value, ast.Attribute) and size.value.attr == "shape":
        return _number(size.slice) if ast.dump(size.value.value) == own else None
    if isinstance(size, ast.Call) and isinstance(size.func, ast.Attribute) and size.func.attr == "size" and len(size.args) == 1:
        return _number(size.args[0]) if ast.dump(size.func.value) == own else None
    if isinstance(size, ast.Call) and dotted(size.func) == "len" and len(size.args) == 1:
        return 0 if ast.dump(size.args[0]) == own else None
    return _unpacked(place, own, size.id) if isinstance(size, ast.Name) else None


def _unpacked(place: ast.AST, own: str, name: str) -> int | None:
    """The place of a name in `batch, steps, width = x.shape`, its one binding."""
    bound = [n for n in within(place) if isinstance(n, ast.Name) and n.id == name and isinstance(n.ctx, ast.Store)]
    if len(bound) != 1:
        return None
    for node in within(place):
        if not isinstance(node, ast.Assign) or len(node.targets) != 1 or not isinstance(node.targets[0], ast.Tuple):
            continue
        names, value = node.targets[0].elts, node.value
        if isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute) and value.func.attr == "size" and not value.args:
            value = ast.Attribute(value.func.value, "shape", ast.Load())
        told = isinstance(value, ast.Attribute) and value.attr == "shape" and ast.dump(value.value) == own
        if told and bound[0] in names and not any(isinstance(n, ast.Starred) for n in names):
            return names.index(bound[0])
    return None


def _number(node: ast.expr) -> int | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, int) else None


def _moved(script: Script, node: ast.Call, pair: tuple[int, int]) -> Edit | None:
    """`x.transpose(0, 1)` with the shape kept behind it: it may also join what the last axes are."""
    if not isinstance(node.func, ast.Attribute) or not isinstance(node.func.value, ast.Name | ast.Attribute):
        return None
    sizes = ", ".join(script.segment(a) for a in node.args)
    return replace_node(script, node, f"{script.segment(node.func.value)}.transpose({pair[0]}, {pair[1]}).reshape({sizes})")
