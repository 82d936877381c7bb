"""Another batch size."""

from __future__ import annotations

import ast

from ..signs import Signs
from ..signs.net import rows
from ..source import Call, Edit, Script, enclosing_loop, replace_node, together
from ..source.values import bound, number
from ..words import short
from .fix import Args, Fix
from .numbers import change, source_of
from .places import backward, finite, fragment, named_calls, one, said
from .settings import settle


def size(args: Args) -> int:
    return int(finite(args.get("size")) or 32)


def _loader(signs: Signs) -> Call | None:
    found = named_calls(signs, ["DataLoader"])
    shuffled = [c for c in found if "shuffle" in c.keywords]
    return one(found) or one(shuffled)


def _given(script: Script, loop: ast.AST) -> ast.expr | None:
    """What a loop over batches names as their size: `for rows in order.split(32)`, `for i in range(0, n, 32)`."""
    if not isinstance(loop, ast.For | ast.AsyncFor):
        return None
    over = (bound(script, loop.iter) or loop.iter) if isinstance(loop.iter, ast.Name) else loop.iter
    for node in ast.walk(over):
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Attribute) and node.func.attr == "split" and node.args:
            return node.args[-1]
        if isinstance(node.func, ast.Name) and node.func.id == "range" and len(node.args) == 3:
            return node.args[2]
    return None


def _in_loop(signs: Signs, new: int) -> Edit | None:
    """Batches cut or drawn by hand in the training loop."""
    place, seen = backward(signs), rows(signs)
    loops = enclosing_loop(*place) if place is not None else None
    if place is None or loops is None or seen is None:
        return None
    script, loop = place[0], loops.inner
    given = _given(script, loop)
    if given is not None and number(given) is None:
        return settle(script, given, str(new))
    alike = [
        n for part in ([loop.iter, *loop.body] if not isinstance(loop, ast.While) else loop.body) for n in ast.walk(part)
        if isinstance(n, ast.Constant) and type(n.value) is int and n.value == seen and n.lineno <= place[1]
    ]  # fmt: skip
    cut = given is not None and any(n is given for n in alike)
    sliced = all(n is given or isinstance(script.parents.get(script.parents.get(n, n), n), ast.Slice) for n in alike)
    if (cut and sliced) or (given is None and len(alike) == 1):
        return together(*(replace_node(script, n, str(new)) for n in alike))
    return None


def _edit(signs: Signs, args: Args) -> Edit | None:
    loader = _loader(signs)
    return change(loader, "batch_size", size(args), whole=True) if loader is not None else _in_loop(signs, size(args))


def title(signs: Signs, args: Args) -> str:
    def words() -> str:
        found = source_of(_loader(signs), "batch_size")
        return f"use batches of {size(args)}" + (f" instead of {short(int(found.value))}" if found else "")

    return said(words, f"use batches of {size(args)}")


def otherwise(signs: Signs, args: Args) -> str:
    line = f"loader = DataLoader(dataset, batch_size={size(args)}, shuffle=True)"
    return fragment("where the batches are made", line)


FIX = Fix(id="set-batch", safety="safe", title=title, edit=_edit, otherwise=otherwise, live=True)
