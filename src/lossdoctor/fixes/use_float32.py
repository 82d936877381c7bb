"""Compute in float32 (or bfloat16's range) instead of float16."""

from __future__ import annotations

import ast

import numpy as np

from ..signs import Signs
from ..signs.net import precision
from ..source import Call, Edit, calls, replace_node, set_keyword, together
from ..source.locate import assigned_to, dotted
from .fix import Args, Fix
from .places import fragment, scripts

HALF = ("torch.float16", "torch.half", "torch.bfloat16")


def is_half(signs: Signs, call: Call) -> bool:
    """Does `getattr(torch, name)` make the dtype of what the net is fed, or of its weights?"""
    name = assigned_to(call.script, call.node) or ""
    used = any(name in c.args for c in calls(call.script, ("to", "type"))) if name else False
    fed = any(str(x.dtype) in ("float16", "bfloat16") or not np.isfinite(x).all() for x in signs.fed.inputs)
    return used and (fed or bool(precision(signs)))


def _edit(signs: Signs, args: Args) -> Edit | None:
    found: list[Edit | None] = []
    for script in scripts(signs):
        for call in calls(script, ("half",)):
            if call.owner and not call.node.args:
                found.append(replace_node(script, call.node, call.owner))
        for call in calls(script, ("getattr",)):
            if call.args[:1] == ("torch",) and len(call.args) == 2 and is_half(signs, call):
                found.append(replace_node(script, call.node, "torch.float32"))
        cast = calls(script, ("autocast",))
        for call in cast:
            found.append(set_keyword(script, call, "enabled", "False"))
        inside = {n for call in cast for n in ast.walk(call.node)}
        for node in ast.walk(script.tree):
            if isinstance(node, ast.Attribute) and dotted(node) in HALF and node not in inside:
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
