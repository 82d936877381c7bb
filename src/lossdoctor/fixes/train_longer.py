"""More passes over the data."""

from __future__ import annotations

import ast
import math
import re

from ..signs import Signs
from ..source import Edit, Origin, origin, replace_node
from ..source.locate import enclosing_loop
from ..source.values import number
from ..words import short
from .fix import Args, Fix
from .places import backward, finite, fragment, said, scripts

TIMES = 5.0


def stop_of(loop: ast.AST) -> ast.expr | None:
    """The number of rounds of `for ... in range(n)`."""
    call = loop.iter if isinstance(loop, ast.For | ast.AsyncFor) else None
    if not _is_range(call) and isinstance(call, ast.Call) and call.args and _is_range(call.args[0]):
        call = call.args[0]  # tqdm(range(n)), enumerate(range(n))
    if not isinstance(call, ast.Call) or not _is_range(call) or not call.args or len(call.args) > 2:
        return None
    stop = call.args[min(1, len(call.args) - 1)]
    if len(call.args) == 2 and number(call.args[0]) == 1 and isinstance(stop, ast.BinOp) and isinstance(stop.op, ast.Add):
        return stop.left if number(stop.right) == 1 else stop  # range(1, n + 1)
    return stop


def _is_range(node: ast.AST | None) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("range", "trange")


def rounds(signs: Signs) -> Origin | None:
    """The literal number of epochs (of steps, where there is one loop)."""
    place = backward(signs)
    if place is not None:
        loops = enclosing_loop(*place)
        if loops is not None and (found := origin(place[0], stop_of(loops.outer))) is not None:
            return found
    named = [
        found for script in scripts(signs) for node in ast.walk(script.tree)
        if isinstance(node, ast.For) and re.fullmatch(r"_?e|ep|epoch\w*", ast.unparse(node.target))
        and (found := origin(script, stop_of(node))) is not None
    ]  # fmt: skip
    unique = {(o.script.file, o.line): o for o in named}
    return next(iter(unique.values())) if len(unique) == 1 else None


def new_rounds(signs: Signs, args: Args) -> float | None:
    given = finite(args.get("epochs"))
    if given is not None:
        return given
    found = rounds(signs)
    return None if found is None else math.ceil(found.value * (finite(args.get("factor")) or TIMES))


def _edit(signs: Signs, args: Args) -> Edit | None:
    found, new = rounds(signs), new_rounds(signs, args)
    place = backward(signs)
    loops = enclosing_loop(*place) if place is not None else None
    if found is None and place is not None and loops is not None:
        stop = stop_of(loops.outer)
        if isinstance(stop, ast.Name | ast.Attribute | ast.Subscript):
            times = math.ceil(finite(args.get("factor")) or TIMES)
            return replace_node(place[0], stop, str(int(new)) if new is not None else f"{times} * {place[0].segment(stop)}")
    if found is None or new is None or found.value != int(found.value):
        return None
    return replace_node(found.script, found.node, str(int(new)))


def title(signs: Signs, args: Args) -> str:
    def words() -> str:
        found, new = rounds(signs), new_rounds(signs, args)
        if found is not None and new is not None:
            return f"train longer: {short(int(new))} rounds instead of {short(int(found.value))}"
        if new is not None:
            return f"train for {short(int(new))} rounds"
        return f"train {short(finite(args.get('factor')) or TIMES)} times as long"

    return said(words, "train longer")


def otherwise(signs: Signs, args: Args) -> str:
    new = said(lambda: str(int(new_rounds(signs, args) or 0)), "0")
    count = new if new != "0" else f"{short(finite(args.get('factor')) or TIMES)} * epochs"
    return fragment("the loop over epochs", f"for epoch in range({count}):")


FIX = Fix(id="train-longer", safety="safe", title=title, edit=_edit, otherwise=otherwise)
