"""Another weight decay."""

from __future__ import annotations

from ..signs import Signs
from ..source import Edit
from ..words import short
from .fix import Args, Fix
from .numbers import change, source_of
from .places import code, finite, fragment, optimizer_call, said
from .settings import by_role


def value(args: Args) -> float:
    return finite(args.get("value")) or 0.0


def _edit(signs: Signs, args: Args) -> Edit | None:
    call = optimizer_call(signs)
    seen = signs.step.optimizer
    observed = signs.step.weight_decay if seen is not None else None
    if call is None or source_of(call, "weight_decay") is None:
        setting = by_role(signs, "weight_decay", observed, code(value(args)))
        if setting is not None:
            return setting
    if call is None or "weight_decay" in "".join(call.args[:1]):
        return None
    if seen is not None and len({g.weight_decay for g in seen.groups}) > 1:
        return None
    return change(call, "weight_decay", value(args), observed)


def title(signs: Signs, args: Args) -> str:
    def words() -> str:
        found = source_of(optimizer_call(signs), "weight_decay")
        old = signs.step.weight_decay if signs.step.optimizer is not None else (found.value if found else None)
        return f"set the weight decay to {new}" if old is None else f"set the weight decay from {short(old)} to {new}"

    new = short(value(args))
    return said(words, f"set the weight decay to {new}")


def otherwise(signs: Signs, args: Args) -> str:
    name = said(lambda: signs.step.optimizer_name, "") or "Adam"
    line = f"optimizer = torch.optim.{name}(model.parameters(), lr=..., weight_decay={code(value(args))})"
    return fragment("where the optimizer is built", line)


FIX = Fix(id="set-weight-decay", safety="safe", title=title, edit=_edit, otherwise=otherwise, live=True)
