"""Give prediction and target the same shape."""

from __future__ import annotations

import ast

from ..signs import Signs
from ..source import Edit, replace_node
from .compared import compared
from .fix import Args, Fix
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
