"""A loss of the classes that were picked: `l1_loss(scores.argmax(1).float(), labels.float())`, where no gradient comes through."""

from __future__ import annotations

import ast

from ..signs import Signs
from ..source import Edit, Script, calls, replace_node, together
from ..source.diff import delete_statement
from ..source.locate import assigned_to, dotted, enclosing_loop, scope, spelled, statement_of, within
from .compared import compared
from .head import criterion_call, last_activations
from .made import made_last

CASTS = ("float", "double", "long", "int")


def scores_compared(signs: Signs) -> Edit | None:
    """The scores themselves against the labels, by cross-entropy."""
    found, call = compared(signs), criterion_call(signs)
    if found is None or call is None or last_activations(signs):
        return None
    script, prediction, target = found
    scores, labels = _picked_from(script, _uncast(prediction)), _uncast(target)
    if scores is None or _picked_from(script, labels) is not None:
        return None
    loss = _cross_entropy(script, call.line)
    if loss is None:
        return None
    made = replace_node(script, call.node, f"{loss}({script.segment(scores)}, {script.segment(labels)})")
    return together(made, *_flags(script, call.node))


def _uncast(node: ast.expr) -> ast.expr:
    while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CASTS and not node.args:
        node = node.func.value
    return node


def _picked_from(script: Script, node: ast.expr) -> ast.expr | None:
    """The scores of `scores.argmax(1)`, `torch.argmax(scores, dim=-1)`, here or where the name got its value."""
    if isinstance(node, ast.Name):
        made = made_last(script, node, node.id)
        return _picked_from(script, _uncast(made.value)) if made is not None and not isinstance(made.value, ast.Name) else None
    if not isinstance(node, ast.Call) or dotted(node.func).rpartition(".")[2] != "argmax" or not isinstance(node.func, ast.Attribute):
        return None
    function = dotted(node.func) == "torch.argmax"
    axis = [*node.args[int(function) :], *(k.value for k in node.keywords if k.arg in ("dim", "axis"))]
    if len(axis) != 1 or ast.unparse(axis[0]) not in ("1", "-1"):
        return None
    return node.args[0] if function else node.func.value


def _cross_entropy(script: Script, line: int) -> str | None:
    """The script's own criterion of this kind, else the function."""
    own = [assigned_to(script, c.node) for c in calls(script, ("CrossEntropyLoss",))]
    seen = {n.id for n in within(scope(script, line)) if isinstance(n, ast.Name)}
    named = [name for name in own if name is not None and name in seen]
    return named[0] if len(own) == 1 and named else spelled(script, "torch.nn.functional.cross_entropy")


def _flags(script: Script, node: ast.expr) -> list[Edit | None]:
    """`loss.requires_grad = True`, which had made the number pass for a loss, taken out."""
    statement, loops = statement_of(script, node), enclosing_loop(script, node.lineno)
    names = [dotted(t) for t in statement.targets] if isinstance(statement, ast.Assign) else []
    return [
        delete_statement(script, n) for n in (ast.walk(loops.inner) if loops is not None else ())
        if isinstance(n, ast.Assign) and [dotted(t) for t in n.targets] == [f"{name}.requires_grad" for name in names]
    ]  # fmt: skip
