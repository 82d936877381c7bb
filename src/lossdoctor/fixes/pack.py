"""Pack padded sequences, so that the recurrence ends where each of them does."""

from __future__ import annotations

import ast

from ..signs import Signs
from ..source import Edit, Script, calls, replace_node
from ..source.locate import RECURRENT, assigned_to, spelled, within
from .ends import forward_of
from .fix import Args, Fix
from .places import fragment


def lengths_in(function: ast.FunctionDef | ast.AsyncFunctionDef) -> str | None:
    """The argument that holds the sequences' lengths."""
    named = [a.arg for a in function.args.args if "len" in a.arg.lower() or a.arg in ("sizes", "n_steps")]
    return named[0] if len(named) == 1 else None


def state_call(script: Script, function: ast.AST) -> ast.Call | None:
    """The one call of a recurrent layer whose final state alone is used: `_, (h, c) = self.lstm(x)`."""
    layers = {assigned_to(script, c.node) for c in calls(script, RECURRENT[:3])} - {None}
    found = []
    for node in within(function):
        if isinstance(node, ast.Call) and script.segment(node.func) in layers:
            found.append(node)
    parent = script.parents.get(found[0]) if len(found) == 1 else None
    if isinstance(parent, ast.Subscript) and ast.unparse(parent.slice) in ("1", "-1"):
        return found[0]
    target = parent.targets[0] if isinstance(parent, ast.Assign) else None
    first = target.elts[0] if isinstance(target, ast.Tuple) and len(target.elts) == 2 else None
    if not isinstance(first, ast.Name):
        return None
    read = any(isinstance(n, ast.Name) and n.id == first.id and isinstance(n.ctx, ast.Load) for n in within(function))
    return found[0] if not read or _only_fed(script, function, first.id, found[0]) else None


def _only_fed(script: Script, function: ast.AST, name: str, call: ast.Call) -> bool:
    """Is a name read by that call alone (`x, h = self.gru(x)`)?"""
    reads = [n for n in within(function) if isinstance(n, ast.Name) and n.id == name and isinstance(n.ctx, ast.Load)]
    inside = set(ast.walk(call))
    return all(n in inside or n.lineno < call.lineno for n in reads)


def packed(script: Script, call: ast.Call, lengths: str, batch_first: bool) -> Edit | None:
    name = spelled(script, "torch.nn.utils.rnn.pack_padded_sequence")
    if name is None or len(call.args) != 1 or call.keywords:
        return None
    given = script.segment(call.args[0])
    first = "batch_first=True, " if batch_first else ""
    return replace_node(script, call.args[0], f"{name}({given}, {lengths}, {first}enforce_sorted=False)")


def is_batch_first(signs: Signs) -> bool | None:
    kinds = {c.batch_first for c in signs.wiring.calls if not c.cell.endswith("cell")}
    return next(iter(kinds)) if len(kinds) == 1 else None


def edit(signs: Signs, args: Args) -> Edit | None:
    found, batch_first = forward_of(signs), is_batch_first(signs)
    if found is None or batch_first is None or any(c.packed for c in signs.wiring.calls):
        return None
    script, function = found
    lengths, call = lengths_in(function), state_call(script, function)
    return None if lengths is None or call is None else packed(script, call, f"{lengths}.cpu()", batch_first)


FIX = Fix(
    id="pack",
    safety="unsafe",
    title=lambda signs, args: "pack the padded sequences",
    edit=edit,
    otherwise=lambda signs, args: fragment(
        "in the model's forward, with the true lengths",
        "packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)",
        "output, state = self.lstm(packed)",
        "output, _ = pad_packed_sequence(output, batch_first=True)",
    ),
    fits=lambda signs, args: not any(c.packed for c in signs.wiring.calls),
)
