"""Give prediction and target the same shape."""

from __future__ import annotations

import ast

from ..signs import Signs
from ..source import Edit, Script, calls, replace_node
from ..source.locate import scope, within
from .fix import Args, Fix
from .head import criterion_call
from .places import backward, fragment, one, said


def _statement(script: Script, line: int) -> list[ast.expr]:
    """The loss as it is computed in the training loop."""
    call = one([c for c in calls(script, ("backward",)) if c.line <= line <= c.end_line])
    value = call.node.func.value if call is not None and isinstance(call.node.func, ast.Attribute) else None
    if isinstance(value, ast.Name):
        return [
            n.value for n in within(scope(script, line))
            if isinstance(n, ast.Assign) and len(n.targets) == 1 and isinstance(n.targets[0], ast.Name)
            and n.targets[0].id == value.id and n.lineno <= line
        ]  # fmt: skip
    return [value] if value is not None else []


def _answers(script: Script, node: ast.expr) -> bool:
    """Does an expression call a net, or something that does, rather than pick from data?"""
    return any(isinstance(n, ast.Call) and isinstance(n.func, ast.Name | ast.Attribute) for n in ast.walk(node))


def _by_hand(signs: Signs) -> tuple[Script, ast.expr, ast.expr] | None:
    """(prediction, target) of a loss written by hand: `loss_of(model(x), y)`, `((model(x) - y) ** 2).mean()`."""
    place = backward(signs)
    made = _statement(*place) if place is not None else []
    if place is None or len(made) != 1:
        return None
    script = place[0]
    pairs: list[tuple[ast.expr, ast.expr]] = []
    for node in ast.walk(made[0]):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub):
            pairs.append((node.left, node.right))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and len(node.args) == 2:
            pairs.append((node.args[0], node.args[1]))
    pairs = [(b, a) if _answers(script, b) else (a, b) for a, b in pairs if _answers(script, a) != _answers(script, b)]
    return (script, *pairs[0]) if len(pairs) == 1 else None


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
    call, term = criterion_call(signs), signs.loss.term
    found: tuple[Script, ast.expr, ast.expr] | None
    if call is not None:
        found = call.script, call.node.args[0], call.node.args[1]
    else:
        found = _by_hand(signs) if term is None or term.by_hand else None
    if found is None:
        return None
    script, prediction, target = found
    given, wanted = (term.input_shape, term.target_shape) if term is not None else _stretched(signs)
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
