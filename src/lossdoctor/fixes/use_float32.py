"""Compute in float32 (or bfloat16's range) instead of float16."""

from __future__ import annotations

import ast

from ..signs import Signs
from ..source import Edit, calls, replace_node, set_keyword, together
from ..source.locate import dotted
from .fix import Args, Fix
from .places import fragment, scripts


def _edit(signs: Signs, args: Args) -> Edit | None:
    found: list[Edit | None] = []
    for script in scripts(signs):
        for call in calls(script, ("half",)):
            if call.owner and not call.node.args:
                found.append(replace_node(script, call.node, call.owner))
        cast = calls(script, ("autocast",))
        for call in cast:
            found.append(set_keyword(script, call, "enabled", "False"))
        inside = {n for call in cast for n in ast.walk(call.node)}
        for node in ast.walk(script.tree):
            if isinstance(node, ast.Attribute) and dotted(node) in ("torch.float16", "torch.half") and node not in inside:
                found.append(replace_node(script, node, "torch.float32"))
    scripts_touched = {e.script.file for e in found if e is not None}
    return together(*found) if len(scripts_touched) == 1 else None


FIX = Fix(
    id="use-float32",
    safety="safe",
    title=lambda signs, args: "compute in float32",
    edit=_edit,
    otherwise=lambda signs, args: fragment(
        "where the model and its inputs are made", "model, x = model.float(), x.float()"
    ),
    live=True,
)
