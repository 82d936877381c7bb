"""Keep an operation away from where it has no finite value."""

from __future__ import annotations

import ast

from ..signs import Signs
from ..source import Edit, Script, replace_node
from ..source.locate import dotted, scope, within
from ..trace.events import Birth, Site
from .fix import Args, Fix
from .places import at, fragment, said

SMALL = "1e-8"
FLOORED = ("log", "log2", "log10", "rsqrt", "reciprocal")
EXP_LIMIT = "30.0"
"""exp(30) is 1e13: float32 can still square it and sum it."""


def birth(signs: Signs) -> Birth | None:
    """Where the first number that is not finite was born."""
    kept = signs.births or tuple(signs.trace.of(Birth))
    return kept[0] if kept else None


def _guarded(script: Script, node: ast.expr) -> Edit | None:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and not isinstance(node.right, ast.Constant):
        return replace_node(script, node.right, f"({script.segment(node.right)} + {SMALL})")
    if not isinstance(node, ast.Call):
        return None
    name = dotted(node.func).rpartition(".")[2]
    inner: ast.expr | None = node.args[0] if node.args else None
    if isinstance(node.func, ast.Attribute) and dotted(node.func.value) not in ("torch", "F", "np", "numpy", "math"):
        inner = node.func.value
    if inner is None or name not in (*FLOORED, "sqrt", "exp"):
        return None
    text = script.segment(inner)
    plain = isinstance(inner, ast.Name | ast.Call | ast.Attribute | ast.Subscript)
    text = text if plain else f"({text})"
    if name == "sqrt":
        bracketed = any(inner is given for given in node.args) or not plain
        return replace_node(script, inner, f"{text} + {SMALL}" if bracketed else f"({text} + {SMALL})")
    limit = f"clamp(max={EXP_LIMIT})" if name == "exp" else f"clamp_min({SMALL})"
    return replace_node(script, inner, f"{text}.{limit}")


_OPS = {"div": ("div", "/"), "divide": ("div", "/"), "true_divide": ("div", "/")}


def _own_softmax(script: Script, node: ast.expr) -> Edit | None:
    """`w / w.sum(dim)` of `w = exp(scores)`: exp of scores less their largest, which is the same share, and never 0 / 0."""
    if not (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and isinstance(node.left, ast.Name)):
        return None
    total = node.right
    if not (isinstance(total, ast.Call) and isinstance(total.func, ast.Attribute) and total.func.attr == "sum"):
        return None
    kept = {k.arg: script.segment(k.value) for k in total.keywords}
    axis = kept.get("dim", kept.get("axis", script.segment(total.args[0]) if total.args else ""))
    if ast.unparse(total.func.value) != node.left.id or not axis or kept.get("keepdim", kept.get("keepdims")) != "True":
        return None
    made = [
        n.value for n in within(scope(script, node.lineno))
        if isinstance(n, ast.Assign) and [ast.unparse(t) for t in n.targets] == [node.left.id] and n.lineno < node.lineno
    ]  # fmt: skip
    exp = made[-1] if made else None
    if not (isinstance(exp, ast.Call) and dotted(exp.func).rpartition(".")[2] == "exp"):
        return None
    of_torch = dotted(exp.func) == "torch.exp" and len(exp.args) == 1
    scores = exp.args[0] if of_torch else exp.func.value if isinstance(exp.func, ast.Attribute) and not exp.args else None
    if not isinstance(scores, ast.Name):
        return None
    less = f"{scores.id} - {scores.id}.amax(dim={axis}, keepdim=True)"
    return replace_node(script, exp, f"torch.exp({less})" if of_torch else f"({less}).exp()")


def _edit(signs: Signs, args: Args) -> Edit | None:
    seen = birth(signs)
    place = at(signs, Site(-1, seen.file, seen.line, "birth")) if seen is not None else None
    if seen is None or place is None:
        return None
    script, line = place
    op = seen.op.rpartition("::")[2].rpartition(".")[2].lower().removesuffix("backward0").removesuffix("_")
    found: list[Edit] = []
    behind: list[Edit] = []
    for node in ast.walk(script.tree):
        if not isinstance(node, ast.expr) or not node.lineno <= line <= (node.end_lineno or node.lineno):
            continue
        is_division = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)
        name = "div" if is_division else dotted(node.func).rpartition(".")[2] if isinstance(node, ast.Call) else ""
        fits = name == op or (op in _OPS and is_division)
        if fits and (edit := _own_softmax(script, node) or _guarded(script, node)) is not None:
            found.append(edit)
        elif seen.backward and name in ("sqrt", *FLOORED) and (edit := _guarded(script, node)) is not None:
            behind.append(edit)
    found = found or behind  # An infinite slope is born where it meets a zero, in what the root was taken of.
    return found[0] if len(found) == 1 else None


def title(signs: Signs, args: Args) -> str:
    def words() -> str:
        seen = birth(signs)
        return bare if seen is None else f"keep {seen.op} at line {seen.line} away from {seen.value}"

    bare = "keep the operation that makes NaN inside its domain"
    return said(words, bare)


def otherwise(signs: Signs, args: Args) -> str:
    code = ("torch.log(p.clamp_min(1e-8)), torch.sqrt(v + 1e-8), x / (n + 1e-8)",)
    return fragment("where the first NaN is made", *code)


FIX = Fix(id="guard-nan", safety="safe", title=title, edit=_edit, otherwise=otherwise)
