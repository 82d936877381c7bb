"""Look at the preprocessing that left the inputs saying nothing."""

from __future__ import annotations

import ast

import numpy as np

from ..signs import Signs
from ..source import Edit, Script, calls, delete_line, origin, replace_node, set_keyword
from ..source.locate import assigned_to
from ..words import short
from .fix import Args, Fix
from .places import fragment, named_calls, said, scripts


def _lost(script: Script, whole: bool) -> list[Edit | None]:
    """A LayerNorm over one feature, which is always zero; a table of whole numbers that readings are put into."""
    found: list[Edit | None] = []
    for call in calls(script, ("LayerNorm",)):
        size, name = origin(script, call.node.args[0] if call.node.args else None), assigned_to(script, call.node)
        for node in ast.walk(script.tree) if size is not None and size.value == 1 and name is not None else ():
            if isinstance(node, ast.Call) and script.segment(node.func) == name and len(node.args) == 1:
                found.append(_without(script, node))
    tables = [c for c in calls(script, ("zeros", "empty")) if len(c.node.args) >= 2 or (c.args[:1] and c.args[0].startswith("("))]
    for call in tables if whole else ():
        kind = call.keywords.get("dtype")
        if kind in ("torch.long", "torch.int64", "torch.int", "torch.int32"):
            found.append(set_keyword(script, call, "dtype", "torch.float32"))
    return found


def _without(script: Script, node: ast.Call) -> Edit | None:
    parent = script.parents.get(node)
    given = script.segment(node.args[0])
    if isinstance(parent, ast.Assign) and [script.segment(t) for t in parent.targets if isinstance(t, ast.expr)] == [given]:
        return delete_line(script, parent.lineno)
    return replace_node(script, node, given)


def _edit(signs: Signs, args: Args) -> Edit | None:
    if named_calls(signs, ("Embedding", "one_hot")):
        return None
    whole = bool(signs.fed.inputs) and all(bool((x == x.round()).all()) for x in signs.fed.inputs)
    found = [edit for script in scripts(signs) for edit in _lost(script, whole)]
    return found[0] if len(found) == 1 else None


def title(signs: Signs, args: Args) -> str:
    def words() -> str:
        stats = signs.fed.feature_stats
        if stats is None:
            return bare
        still = int((stats[1] <= 1e-12 * np.maximum(1.0, np.abs(stats[0]))).sum())
        total = len(stats[1])
        return f"{bare}: {short(still)} of {short(total)} input features never change" if still else bare

    bare = "look at the preprocessing"
    return said(words, bare)


FIX = Fix(
    id="drop-constant-input",
    safety="unsafe",
    title=title,
    edit=_edit,
    otherwise=lambda signs, args: fragment(
        "after each step of the preprocessing: which one takes the differences away?",
        "print(x.dtype, x.min(), x.max(), x.float().std(0))",
        "# truncated to integers, divided by too large a number, the same row for all, or filled with zeros?",
    ),
)
