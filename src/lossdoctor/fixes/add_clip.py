"""Limit the gradient's norm before each step."""

from __future__ import annotations

from ..signs import Signs
from ..source import Edit, calls, insert_after
from ..source.locate import spelled
from ..words import short
from .fix import Args, Fix
from .places import backward, code, finite, fragment, model_at, optimizer_at, optimizer_call, said


def limit(signs: Signs, args: Args) -> float:
    """The norm to clip at: given, else the norm that the run's first gradients had, at most 1."""
    given = finite(args.get("max_norm"))
    if given is not None:
        return given
    usual = finite(signs.step.norm_start)
    return min(1.0, usual) if usual else 1.0


def _parameters(signs: Signs, line: int) -> str | None:
    place, call = backward(signs), optimizer_call(signs)
    if place is None:
        return None
    name = model_at(place[0], line)
    if name is not None:
        return f"{name}.parameters()"
    given = call.args[0] if call is not None and call.script == place[0] and call.args else ""
    if given.isidentifier() and given not in ("parameters",):
        return given
    optimizer = optimizer_at(place[0], line)
    return f'[p for group in {optimizer}.param_groups for p in group["params"]]' if optimizer is not None else None


def _edit(signs: Signs, args: Args) -> Edit | None:
    place = backward(signs)
    if place is None:
        return None
    script, line = place
    clip, what = spelled(script, "torch.nn.utils.clip_grad_norm_"), _parameters(signs, line)
    if clip is None or what is None or any(c.line > line for c in calls(script, ("unscale_",))):
        return None
    lines = [f"{clip}({what}, max_norm={code(limit(signs, args))})"]
    scaled = [c for c in calls(script, ("scale",)) if c.line == line and c.owner]
    optimizer = optimizer_at(script, line)
    if scaled:
        if optimizer is None:
            return None
        lines.insert(0, f"{scaled[0].owner}.unscale_({optimizer})")
    return insert_after(script, line, lines)


def otherwise(signs: Signs, args: Args) -> str:
    norm = said(lambda: code(limit(signs, args)), "1.0")
    code_line = f"torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm={norm})"
    return fragment("after the backward pass, before the step", code_line)


FIX = Fix(
    id="add-clip",
    safety="safe",
    title=lambda signs, args: said(
        lambda: f"clip the gradient's norm at {short(limit(signs, args))}", "clip the gradient's norm"
    ),
    edit=_edit,
    otherwise=otherwise,
    live=True,
)
