"""Give prediction and target the same shape."""

from __future__ import annotations

import ast

from ..signs import Signs
from ..source import Edit, Script, replace_node, together
from .compared import compared
from .elsewhere import asked_again
from .fix import Args, Fix
from .head import criterion_call
from .places import fragment, said


def _stretched(signs: Signs) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Shapes of prediction and target where only the graph shows that one is stretched: (N, 1) to (N, N)."""
    found = [g.broadcast for g in signs.wiring.connected if g.broadcast]
    out, given = (tuple(shape) for shape in found[0][:2]) if found else ((), ())
    if len(out) != 2 or out[0] != out[1]:
        return (), ()
    if given == (out[0], 1):
        return given, given[:1]
    return (given, (out[0], 1)) if given == out[:1] else ((), ())


def _without_axis(signs: Signs, script: Script, chosen: ast.expr) -> Edit | None:
    """The axis not put on, where it is put on right there; also where the same is asked again of other data."""
    call = criterion_call(signs)
    position = next((i for i, a in enumerate(call.node.args[:2]) if a is chosen), None) if call is not None else None
    same = [c.node.args[position] for c in asked_again(call)] if call is not None and position is not None else []
    edits = [_taken_off(script, chosen), *(_taken_off(script, n) for n in same if _put_on(n) is not None)]
    return together(*edits)


def _put_on(node: ast.expr) -> ast.expr | None:
    """What `.unsqueeze(-1)` is asked of."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.func.attr != "unsqueeze":
        return None
    return node.func.value if [ast.unparse(a) for a in node.args] == ["-1"] and not node.keywords else None


def _taken_off(script: Script, node: ast.expr) -> Edit | None:
    inner = _put_on(node)
    return replace_node(script, node, script.segment(inner)) if inner is not None else None


def _edit(signs: Signs, args: Args) -> Edit | None:
    found, term = compared(signs), signs.loss.term
    if found is None:
        return None
    script, prediction, target = found
    given, wanted = _stretched(signs) if term is None or term.by_hand else ((), ())
    if term is not None and not given:
        given, wanted = term.input_shape, term.target_shape
    classes = term is not None and term.fn in ("cross_entropy", "nll_loss")
    if given[-1:] == (1,) and len(given) == len(wanted) + 1:
        chosen = prediction
    elif wanted[-1:] == (1,) and (classes or len(wanted) == len(given) + 1):
        chosen = target
    else:
        return None
    if (taken := _without_axis(signs, script, chosen)) is not None:
        return taken
    text = script.segment(chosen)
    if not isinstance(chosen, ast.Name | ast.Call | ast.Attribute | ast.Subscript):
        text = f"({text})"
    return replace_node(script, chosen, f"{text}.squeeze(-1)")


def title(signs: Signs, args: Args) -> str:
    def words() -> str:
        term = signs.loss.term
        return f"{bare}: now {term.input_shape} and {term.target_shape}" if term is not None else bare

    bare = "give prediction and target the same shape"
    return said(words, bare)


FIX = Fix(
    id="squeeze-target",
    safety="safe",
    title=title,
    edit=_edit,
    otherwise=lambda signs, args: fragment(
        "where the loss is computed", "loss = criterion(output.squeeze(-1), target)"
    ),
)
