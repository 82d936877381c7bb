"""bfloat16 instead of float16: the range of float32 in half the memory."""

from __future__ import annotations

import ast

from ..signs import Signs
from ..source import Edit, calls, replace_node, set_keyword, together
from ..source.locate import dotted
from .fix import Args, Fix
from .places import fragment, scripts
from .use_float32 import is_half


def _edit(signs: Signs, args: Args) -> Edit | None:
    found: list[Edit | None] = []
    for script in scripts(signs):
        for call in calls(script, ("half",)):
            if call.owner and not call.node.args:
                found.append(replace_node(script, call.node, f"{call.owner}.bfloat16()"))
        for node in ast.walk(script.tree):
            if isinstance(node, ast.Attribute) and dotted(node) in ("torch.float16", "torch.half"):
                found.append(replace_node(script, node, "torch.bfloat16"))
        for call in calls(script, ("getattr",)):
            if call.args[:1] == ("torch",) and len(call.args) == 2 and is_half(signs, call):
                found.append(replace_node(script, call.node, "torch.bfloat16"))
        for call in calls(script, ("autocast",)):
            if "dtype" not in call.keywords:
                found.append(set_keyword(script, call, "dtype", "torch.bfloat16"))
    touched = {e.script.file for e in found if e is not None}
    return together(*found) if len(touched) == 1 else None


FIX = Fix(
    id="use-bf16",
    safety="safe",
    title=lambda signs, args: "use bfloat16 instead of float16",
    edit=_edit,
    otherwise=lambda signs, args: fragment(
        "where the forward pass is made", 'with torch.autocast("cuda", dtype=torch.bfloat16):', "    output = model(x)"
    ),
)
