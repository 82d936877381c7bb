"""Another learning rate, in words and in the user's source."""

from __future__ import annotations

import ast
import math

from ..signs import Signs
from ..source import Edit, insert_after, set_keyword
from ..source.locate import assigned_to, statement_of
from ..words import short
from .fix import Args
from .numbers import change, source_of
from .places import code, finite, fragment, named_calls, one, optimizer_call, said, scripts
from .settings import by_role

CYCLES = ("OneCycleLR", "CyclicLR")


def base_rate(signs: Signs) -> float | None:
    """The rate that the run starts from: what its first update had, or, where a schedule warms it up, what the
    optimizer was built with."""
    seen = finite(signs.step.lr_start)
    written = source_of(optimizer_call(signs), "lr") if scripts(signs) else None
    if seen is None:
        return written.value if written is not None else None
    if signs.step.schedulers and written is not None and written.value > seen:
        return written.value
    return seen


def new_rate(signs: Signs, args: Args, factor: float) -> float | None:
    """The rate that the fix asks for; `factor` where it names none."""
    given = finite(args.get("lr"))
    if given is not None:
        return given
    base = base_rate(signs)
    return None if base is None else float(f"{base * (finite(args.get('factor')) or factor):.2g}")


def rate_title(signs: Signs, args: Args, verb: str, factor: float) -> str:
    """`lower the learning rate from 0.5 to 0.005`."""
    bare = f"{verb} the learning rate"

    def words() -> str:
        base, new = base_rate(signs), new_rate(signs, args, factor)
        if new is None:
            return f"{bare} to {short(finite(args.get('factor')) or factor)} times what it is"
        return f"{bare} to {code_like(new)}" if base is None else f"{bare} from {short(base)} to {code_like(new)}"

    return said(words, bare)


def code_like(value: float) -> str:
    return short(float(f"{value:.3g}"))


def rate_fragment(signs: Signs, args: Args, factor: float) -> str:
    def words() -> str:
        new = new_rate(signs, args, factor)
        if new is None:
            times = code(finite(args.get("factor")) or factor)
            return fragment(
                "after the optimizer is built", "for group in optimizer.param_groups:", f'    group["lr"] *= {times}'
            )
        name = signs.step.optimizer_name or "Adam"
        return fragment(
            "where the optimizer is built", f"optimizer = torch.optim.{name}(model.parameters(), lr={code(new)})"
        )

    return said(words, fragment("where the optimizer is built: another lr"))


def rate_edit(signs: Signs, args: Args, factor: float) -> Edit | None:
    call = optimizer_call(signs)
    base, new = base_rate(signs), new_rate(signs, args, factor)
    cycle = one(named_calls(signs, CYCLES))
    if cycle is not None:
        peak = source_of(cycle, "max_lr")
        return None if peak is None or base is None or new is None else change(cycle, "max_lr", peak.value * new / base)
    if new is None:
        return None
    if call is None or source_of(call, "lr") is None:
        setting = by_role(signs, "lr", base, code(new))
        if setting is not None:
            return setting
    if call is None:
        return None
    groups = signs.step.optimizer.groups if signs.step.optimizer is not None else ()
    if len({g.lr for g in groups}) > 1 or any(_has_rate(arg) for arg in call.node.args[:1]):
        name, statement = assigned_to(call.script, call.node), statement_of(call.script, call.node)
        if name is None or statement is None or base is None:
            return None
        lines = [f"for group in {name}.param_groups:", f'    group["lr"] *= {code(new / base)}']
        return insert_after(call.script, statement.lineno, lines)
    observed = finite(signs.step.lr_start)
    written = source_of(call, "lr")
    if written is not None and base is not None and math.isclose(written.value, base, rel_tol=1e-4):
        observed = None
    if written is None and observed is None:
        return set_keyword(call.script, call, "lr", code(new))
    return change(call, "lr", new, observed)


def _has_rate(node: ast.expr) -> bool:
    """Do the parameter groups written here carry rates of their own?"""
    return any(isinstance(n, ast.Constant) and n.value == "lr" for n in ast.walk(node))
