"""Draw the training samples in a new order every epoch."""

from __future__ import annotations

import ast

from ..signs import Signs
from ..source import Call, Edit, enclosing_loop, set_keyword
from ..source.locate import assigned_to
from . import in_order
from .fix import Args, Fix
from .places import backward, fragment, named_calls, one


def _loader(signs: Signs) -> Call | None:
    found = named_calls(signs, ("DataLoader",))
    place = backward(signs)
    loops = enclosing_loop(*place) if place is not None else None
    if len(found) > 1 and loops is not None and not isinstance(loops.inner, ast.While):
        read = {ast.unparse(n) for n in ast.walk(loops.inner.iter) if isinstance(n, ast.Name | ast.Attribute)}
        used = [c for c in found if assigned_to(c.script, c.node) in read]
        found = used or found
    if len(found) > 1:
        found = [
            c for c in found
            if "train" in (assigned_to(c.script, c.node) or "").lower() or "train" in "".join(c.args[:1]).lower()
        ]  # fmt: skip
    return one(found)


def _edit(signs: Signs, args: Args) -> Edit | None:
    call = _loader(signs)
    if call is None:
        return in_order.drawn_at_random(signs) if not named_calls(signs, ("DataLoader",)) else None
    if "sampler" in call.keywords or "batch_sampler" in call.keywords:
        return None
    if call.keywords.get("shuffle") == "True":
        return None
    return set_keyword(call.script, call, "shuffle", "True")


FIX = Fix(
    id="shuffle",
    safety="safe",
    title=lambda signs, args: "shuffle the training samples every epoch",
    edit=_edit,
    otherwise=lambda signs, args: fragment(
        "at the start of every epoch",
        "order = torch.randperm(len(x_train))",
        "x_train, y_train = x_train[order], y_train[order]",
    ),
)
