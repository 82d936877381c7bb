"""A larger eps in the optimizer."""

from __future__ import annotations

from ..signs import Signs
from ..source import Edit
from .fix import Args, Fix
from .numbers import change
from .places import code, finite, fragment, optimizer_call, said


def value(args: Args) -> float:
    return finite(args.get("value")) or 1e-4


def _edit(signs: Signs, args: Args) -> Edit | None:
    return change(optimizer_call(signs), "eps", value(args))


def otherwise(signs: Signs, args: Args) -> str:
    name = said(lambda: signs.step.optimizer_name, "") or "Adam"
    line = f"optimizer = torch.optim.{name}(model.parameters(), lr=..., eps={code(value(args))})"
    return fragment("where the optimizer is built", line)


FIX = Fix(
    id="set-eps",
    safety="safe",
    title=lambda signs, args: f"set the optimizer's eps to {code(value(args))}",
    edit=_edit,
    otherwise=otherwise,
)
