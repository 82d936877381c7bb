"""Give prediction and target the same shape."""

from __future__ import annotations

import ast

from ..signs import Signs
from ..source import Edit, replace_node
from .fix import Args, Fix
from .head import criterion_call
from .places import fragment, said


def _edit(signs: Signs, args: Args) -> Edit | None:
    call, term = criterion_call(signs), signs.loss.term
    if call is None:
        return None
    prediction, target = call.node.args[:2]
    given, wanted = (term.input_shape, term.target_shape) if term is not None else ((), ())
    classes = term is not None and term.fn in ("cross_entropy", "nll_loss")
    if given[-1:] == (1,) and len(given) == len(wanted) + 1:
        chosen = prediction
    elif wanted[-1:] == (1,) and (classes or len(wanted) == len(given) + 1):
        chosen = target
    else:
        return None
    text = call.script.segment(chosen)
    if not isinstance(chosen, ast.Name | ast.Call | ast.Attribute | ast.Subscript):
        text = f"({text})"
    return replace_node(call.script, chosen, f"{text}.squeeze(-1)")


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
