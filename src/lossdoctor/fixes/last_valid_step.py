"""Read the output at each sequence's own last step."""

from __future__ import annotations

import ast

from ..signs import Signs
from ..source import Edit, Script, calls, replace_node
from ..source.locate import RECURRENT, FunctionNode, assigned_to, spelled, within
from .ends import forward_of
from .fix import Args, Fix
from .pack import is_batch_first, lengths_in
from .places import fragment

LAST = (":, -1", ":, -1, :")


def _index(node: ast.Subscript) -> str:
    """`:, -1` of `out[:, -1]`."""
    return ast.unparse(node.slice).strip("()")


def _outputs(script: Script, function: FunctionNode) -> set[str]:
    """Names of output sequences: `out, _ = self.lstm(x)`."""
    layers = {assigned_to(script, c.node) for c in calls(script, RECURRENT[:3])} - {None}
    found = set()
    for node in within(function):
        if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Call):
            continue
        target = node.targets[0]
        if script.segment(node.value.func) in layers and isinstance(target, ast.Tuple) and isinstance(target.elts[0], ast.Name):
            found.add(target.elts[0].id)
    return found


def _first_read(signs: Signs, script: Script, function: FunctionNode) -> Edit | None:
    """An output sequence read at its first step, before the rest was seen: read at its last."""
    batch_first = is_batch_first(signs)
    names = _outputs(script, function)
    found = [
        n for n in within(function)
        if isinstance(n, ast.Subscript) and isinstance(n.value, ast.Name) and n.value.id in names
        and _index(n) in ((":, 0", ":, 0, :") if batch_first else ("0",))
    ]  # fmt: skip
    if batch_first is None or len(found) != 1 or any(c.bidirectional for c in signs.wiring.calls):
        return None
    index = found[0].slice
    zero = index.elts[1] if isinstance(index, ast.Tuple) else index
    return replace_node(script, zero, "-1")


def _edit(signs: Signs, args: Args) -> Edit | None:
    found = forward_of(signs)
    if found is None:
        return None
    script, function = found
    lengths, arange = lengths_in(function), spelled(script, "torch.arange")
    reads = [
        n for n in ast.walk(function)
        if isinstance(n, ast.Subscript) and isinstance(n.value, ast.Name) and _index(n) in LAST
    ]  # fmt: skip
    if not reads:
        return _first_read(signs, script, function)
    if lengths is None or len(reads) != 1 or arange is None:
        return None
    name = script.segment(reads[0].value)
    return replace_node(script, reads[0], f"{name}[{arange}(len({name})), {lengths} - 1]")


FIX = Fix(
    id="last-valid-step",
    safety="unsafe",
    title=lambda signs, args: "read the output at each sequence's own last step",
    edit=_edit,
    otherwise=lambda signs, args: fragment(
        "in the model's forward, with the true lengths", "last = output[torch.arange(len(output)), lengths - 1]"
    ),
)
