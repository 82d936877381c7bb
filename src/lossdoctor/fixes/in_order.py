"""Training loops that go through the rows in the order of the file, by an index or by slices; drawn at random instead."""

from __future__ import annotations

import ast

from ..signs import Signs
from ..source import Edit, Loops, Script, enclosing_loop, insert_before, replace_node, together
from ..source.locate import dotted, scope, spelled, within
from .pack import is_batch_first
from .places import backward

ORDER = "order"


def drawn_at_random(signs: Signs) -> Edit | None:
    """None where something is drawn at random already, or where a pass through the rows is not to be seen."""
    place = backward(signs)
    loops = enclosing_loop(*place) if place is not None else None
    if place is None or loops is None or not isinstance(loops.inner, ast.For):
        return None
    script = place[0]
    by_rows = is_batch_first(signs)  # Else the slices may be chunks of time.
    return _index(script, loops) or (_slices(script, loops) if by_rows else None)


def _index(script: Script, loops: Loops) -> Edit | None:
    """`torch.arange(n)`, of which the loop takes its rows: `torch.randperm(n)`, drawn within the loop over epochs."""
    made = [n for n in ast.walk(loops.outer) if isinstance(n, ast.Call) and _last(n) == "arange" and len(n.args) == 1 and not n.keywords]
    random = spelled(script, "torch.randperm")
    if len(made) != 1 or random is None or spelled(script, "torch.arange") != dotted(made[0].func):
        return None
    parent = script.parents.get(made[0])
    if isinstance(parent, ast.IfExp):
        if not _is_index(script, loops, parent):
            return None
        other = parent.body if parent.orelse is made[0] else parent.orelse
        drawn = isinstance(other, ast.Call) and _last(other) == "randperm"
        return replace_node(script, parent, script.segment(other)) if drawn else None
    if _draws(loops):
        return None
    whole = loops.outer is loops.inner  # Without a loop over epochs there is one pass, which may be drawn as well.
    return replace_node(script, made[0].func, random) if whole or _is_index(script, loops, made[0]) else None


def _is_index(script: Script, loops: Loops, value: ast.expr) -> bool:
    """Does the inner loop go over it, or over the name that it is given at each pass?"""
    parent = script.parents.get(value)
    if isinstance(parent, ast.Attribute) and parent.attr == "split":
        return any(n is value for n in ast.walk(_over(loops)))
    if not (isinstance(parent, ast.Assign) and len(parent.targets) == 1 and isinstance(parent.targets[0], ast.Name)):
        return False
    name = parent.targets[0].id
    bound = [n for n in within(scope(script, parent.lineno)) if isinstance(n, ast.Name) and n.id == name and isinstance(n.ctx, ast.Store)]
    inside = [n for n in ast.walk(loops.inner) if isinstance(n, ast.Name) and n.id == name]
    return len(bound) == 1 and bool(inside) and not any(n is parent for n in ast.walk(loops.inner))


def _slices(script: Script, loops: Loops) -> Edit | None:
    """`x[i : i + size]`, `y[i : i + size]`: the rows that an order drawn for each pass puts there."""
    inner, random = loops.inner, spelled(script, "torch.randperm")
    if not isinstance(inner, ast.For) or inner is loops.outer or random is None or _draws(loops) or not isinstance(inner.target, ast.Name):
        return None
    steps = inner.iter
    if not (isinstance(steps, ast.Call) and dotted(steps.func) == "range" and len(steps.args) == 3):
        return None
    if any(isinstance(n, ast.Name) and n.id == ORDER for n in ast.walk(script.tree)):
        return None
    found = [
        n for n in ast.walk(inner)
        if isinstance(n, ast.Subscript) and any(isinstance(m, ast.Name) and m.id == inner.target.id for m in ast.walk(n.slice))
    ]  # fmt: skip
    found.sort(key=script.span)
    kinds = {ast.unparse(n.slice) for n in found}
    rows = all(
        isinstance(n.slice, ast.Slice) and _rows(n.slice, inner.target.id) and isinstance(n.value, ast.Name | ast.Attribute) for n in found
    )  # fmt: skip
    bases = list(dict.fromkeys(script.segment(n.value) for n in found))
    reads = [n for n in ast.walk(inner) if isinstance(n, ast.Name) and n.id == inner.target.id and isinstance(n.ctx, ast.Load)]
    taken = {m for n in found for m in ast.walk(n.slice)}
    if len(kinds) != 1 or not rows or len(bases) < 2 or any(n not in taken for n in reads):
        return None
    return together(
        insert_before(script, inner.lineno, [f"{ORDER} = {random}(len({bases[0]}))"]),
        *(replace_node(script, n.slice, f"{ORDER}[{script.segment(n.slice)}]") for n in found),
    )


def _rows(part: ast.Slice, name: str) -> bool:
    """`i : i + size`: neighbouring rows from the loop's own variable on."""
    upper = part.upper
    starts = isinstance(part.lower, ast.Name) and part.lower.id == name and part.step is None
    return starts and isinstance(upper, ast.BinOp) and isinstance(upper.op, ast.Add) and ast.unparse(upper.left) == name


def _over(loops: Loops) -> ast.expr:
    return loops.inner.iter if isinstance(loops.inner, ast.For | ast.AsyncFor) else ast.Constant(None)


def _last(call: ast.Call) -> str:
    return dotted(call.func).rpartition(".")[2]


def _draws(loops: Loops) -> bool:
    """Is an order, or a batch, drawn at random somewhere in the loop?"""
    drawn = ("randperm", "permutation", "shuffle", "randint", "sample", "choice", "multinomial")
    return any(isinstance(n, ast.Call) and _last(n) in drawn for n in ast.walk(loops.outer))
