"""A larger eps in the optimizer."""

from __future__ import annotations

from ..signs import Signs
from .fix import Args, Fix
from .numbers import change
from .places import code, finite, fragment, optimizer_call, said, shown


def value(args: Args) -> float:
    return finite(args.get("value")) or 1e-4


def snippet(signs: Signs, args: Args) -> str:
    name = said(lambda: signs.step.optimizer_name, "") or "Adam"
    line = f"optimizer = torch.optim.{name}(model.parameters(), lr=..., eps={code(value(args))})"
    return shown(lambda: change(optimizer_call(signs), "eps", value(args)), fragment("where the optimizer is built", line))


FIX = Fix(
    id="set-eps", safety="safe", title=lambda signs, args: f"set the optimizer's eps to {code(value(args))}", snippet=snippet
)
