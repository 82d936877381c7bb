"""Momentum for plain SGD."""

from __future__ import annotations

from ..signs import Signs
from ..source import Edit
from ..words import short
from .fix import Args, Fix
from .numbers import change, source_of
from .places import code, finite, fragment, optimizer_call


def value(args: Args) -> float:
    given = finite(args.get("value"))
    return 0.9 if given is None else given


def _edit(signs: Signs, args: Args) -> Edit | None:
    call = optimizer_call(signs)
    return change(call, "momentum", value(args)) if call is not None and call.last in ("SGD", "RMSprop") else None


def _fits(signs: Signs, args: Args) -> bool:
    found = source_of(optimizer_call(signs), "momentum")
    return signs.step.optimizer_name == "SGD" and (found is None or found.value == 0)


FIX = Fix(
    id="set-momentum",
    safety="safe",
    title=lambda signs, args: f"set the optimizer's momentum to {short(value(args))}",
    edit=_edit,
    otherwise=lambda signs, args: fragment(
        "where the optimizer is built", f"optimizer = torch.optim.SGD(model.parameters(), lr=..., momentum={code(value(args))})"
    ),
    fits=_fits,
)
