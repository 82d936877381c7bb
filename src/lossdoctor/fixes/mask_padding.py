"""Keep padding out of the loss and the state."""

from __future__ import annotations

import ast

from ..signs import Signs
from ..source import Call, Change, Edit, across, replace_node, set_keyword
from ..source.locate import spelled
from . import pack
from .ends import at_entry, forward_of
from .fix import Args, Fix
from .head import criterion_call, criterion_made
from .places import finite, fragment

CLASSES = ("CrossEntropyLoss", "NLLLoss", "cross_entropy", "nll_loss")


def _names(node: ast.expr) -> list[ast.Name]:
    return [n for n in ast.walk(node) if isinstance(n, ast.Name)]


def _fed(call: Call) -> str | None:
    """What the model is given in the loss's own call: `criterion(model(words).transpose(1, 2), tags)`."""
    inside = [
        n for n in ast.walk(call.node.args[0])
        if isinstance(n, ast.Call) and isinstance(n.func, ast.Name) and n.args and isinstance(n.args[0], ast.Name)
    ]  # fmt: skip
    return inside[0].args[0].id if len(inside) == 1 and isinstance(inside[0].args[0], ast.Name) else None


def _loss(signs: Signs, index: int) -> Edit | Change | None:
    """Targets where the input is padding are such as the loss passes over."""
    call, made = criterion_call(signs), criterion_made(signs)
    term, inputs = signs.loss.term, signs.fed.inputs
    if made is None or made.last not in CLASSES:
        return None
    targets = signs.fed.targets
    alone = targets is not None and term is not None and inputs and inputs[0].ndim == 2 and call is not None
    told = _fed(call) if alone and call is not None else None
    wanted = _names(call.node.args[1])[:1] if call is not None and told is not None else []
    if call is None or told is None or len(wanted) != 1 or "ignore_index" in made.keywords:
        return None
    masked = replace_node(call.script, wanted[0], f"{wanted[0].id}.masked_fill({told} == {index}, -100)")
    return across(masked)  # -100 is what these losses pass over unless they are told otherwise.


def _front(signs: Signs, index: int, axis: int) -> Edit | None:
    """Sequences packed by their own lengths; where the model does not know them, padding comes first."""
    by_length = pack.edit(signs, {})
    if by_length is not None:
        return by_length
    found, batch_first = forward_of(signs), pack.is_batch_first(signs)
    inputs = signs.fed.inputs
    if found is None or axis != 1 or not inputs or inputs[0].ndim not in (2, 3):
        return None
    script, function = found
    x = function.args.args[1].arg
    call = pack.state_call(script, function) if inputs[0].ndim == 2 else None
    if call is not None and batch_first and not any(c.packed for c in signs.wiring.calls):
        return pack.packed(script, call, f"({x} != {index}).sum(1).clamp_min(1).cpu()", True)
    arange = spelled(script, "torch.arange")
    if arange is None:
        return None

    def lines(name: str) -> list[str]:
        steps = f"({arange}({name}.shape[1], device={name}.device) - padding) % {name}.shape[1]"
        empty = f"({name} == {index})"
        if inputs[0].ndim == 3:
            empty, steps = f"{empty}.all(2)", f"({steps})[..., None].expand_as({name})"
        return [
            f"padding = {empty}.flip(1).long().cumprod(1).sum(1, keepdim=True)",
            f"{name} = {name}.gather(1, {steps})",
        ]

    return at_entry(signs, lambda name: name, lines)


def _edit(signs: Signs, args: Args) -> Edit | Change | None:
    index = finite(args.get("index"))
    if index is None or index != int(index):
        return None
    if args.get("how") == "loss":
        return _loss(signs, int(index))
    if args.get("how") == "front":
        return _front(signs, int(index), int(finite(args.get("axis")) or 0))
    call = criterion_made(signs)
    if call is None or call.last not in CLASSES:
        return None
    return set_keyword(call.script, call, "ignore_index", str(int(index)))


def otherwise(signs: Signs, args: Args) -> str:
    code = (
        "packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)",
        "output, state = self.lstm(packed)",
        "output, _ = pad_packed_sequence(output, batch_first=True)",
        "# and in the loss: keep = torch.arange(output.shape[1]) < lengths[:, None]; criterion(output[keep], y[keep])",
    )
    return fragment("in the model's forward, with the true lengths", *code)


FIX = Fix(
    id="mask-padding",
    safety="unsafe",
    title=lambda signs, args: "keep padding out of the loss and the state",
    edit=_edit,
    otherwise=otherwise,
)
