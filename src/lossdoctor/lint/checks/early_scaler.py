"""A scaler is fitted on all rows, and the rows are split afterwards: the training knows the held-back data's range.

Silent where the fitted data are a part already, where what is split is not what was scaled, and where the split is not
`train_test_split` or one cut of the rows into a head and a tail.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...source.locate import dotted
from ..check import Alarm, Check
from ..facts import Facts, last, owner
from ..scalers import Use, uses


def look(facts: Facts) -> Iterator[Alarm]:
    for use in uses(facts, ("fit_transform",)):
        statement = facts.statement(use.call)
        if not isinstance(statement, ast.Assign) or len(statement.targets) != 1 or not isinstance(statement.targets[0], ast.Name):
            continue
        name = statement.targets[0].id
        split = _split(facts, name, statement) if not _is_part(facts, use) and _whole(statement.value, use) else None
        if split is not None:
            yield Alarm(
                use.call, f"The scaler is fitted on all of the data, which line {split.lineno} splits afterwards, so the training knows the "
                "held-back rows' range. Split first, fit on the training part, and only transform the other.", "warning",
            )  # fmt: skip


def _whole(value: ast.expr, use: Use) -> bool:
    """Is the assigned value the scaled data themselves, reshaped at most?"""
    while isinstance(value, ast.Call) and value is not use.call:
        inside = owner(value)
        value = value.args[0] if value.args and not isinstance(inside, ast.Call) else (inside or value.func)
    return value is use.call


def _is_part(facts: Facts, use: Use) -> bool:
    """Are the fitted data a slice, or called a part of a whole?"""
    node: ast.expr = use.data
    while isinstance(node, ast.Call | ast.Attribute | ast.Subscript):
        if isinstance(node, ast.Subscript) and any(isinstance(n, ast.Slice) and (n.lower or n.upper) for n in ast.walk(node.slice)):
            return True
        node = node.func if isinstance(node, ast.Call) else node.value
    words = {w.lower() for n in ast.walk(use.data) if isinstance(n, ast.Name) for w in n.id.split("_")}
    return bool(words & {"train", "training", "tr", "trn", "test", "val", "valid"}) or facts.loops(use.call) != []


def _split(facts: Facts, name: str, after: ast.stmt) -> ast.stmt | None:
    """Where the scaled rows are split into a training and a held-back part."""
    scope = facts.scope(after)
    later = [n for n in facts.names[name] if isinstance(n.ctx, ast.Load) and n.lineno > after.lineno and facts.scope(n) is scope]
    for use in later:
        parent = facts.parents[use]
        if isinstance(parent, ast.Call) and last(parent.func) == "train_test_split" and use in parent.args:
            return facts.statement(parent)
    heads: dict[str, ast.stmt] = {}
    for use in later:
        cut = facts.parents[use]
        if isinstance(cut, ast.Subscript) and cut.value is use and isinstance(cut.slice, ast.Slice) and cut.slice.step is None:
            lower, upper = cut.slice.lower, cut.slice.upper
            if lower is None and isinstance(upper, ast.Name):
                heads[dotted(upper)] = facts.statement(cut)
            elif upper is None and isinstance(lower, ast.Name) and dotted(lower) in heads:
                return heads[dotted(lower)]
    return None


CHECK = Check("leakage", "early-scaler", look, ("fit_transform",))
