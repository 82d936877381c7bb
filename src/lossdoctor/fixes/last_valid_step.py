"""Read the output at each sequence's own last step."""

from __future__ import annotations

import ast

from ..signs import Signs
from ..source import Edit, replace_node
from ..source.locate import spelled
from .fix import Args, Fix
from .places import fragment
from .scaling import forward_of


def _edit(signs: Signs, args: Args) -> Edit | None:
    found = forward_of(signs)
    if found is None:
        return None
    script, function = found
    lengths = [a.arg for a in function.args.args if "len" in a.arg.lower()]
    arange = spelled(script, "torch.arange")
    reads = [
        n for n in ast.walk(function)
        if isinstance(n, ast.Subscript) and isinstance(n.value, ast.Name)
        and ast.unparse(n.slice) in ("(slice(None, None, None), -1)", "(:, -1)", ":, -1", "(:, -1, :)", ":, -1, :")
    ]  # fmt: skip
    if len(lengths) != 1 or len(reads) != 1 or arange is None:
        return None
    name = script.segment(reads[0].value)
    return replace_node(script, reads[0], f"{name}[{arange}(len({name})), {lengths[0]} - 1]")


FIX = Fix(
    id="last-valid-step",
    safety="unsafe",
    title=lambda signs, args: "read the output at each sequence's own last step",
    edit=_edit,
    otherwise=lambda signs, args: fragment(
        "in the model's forward, with the true lengths", "last = output[torch.arange(len(output)), lengths - 1]"
    ),
)
