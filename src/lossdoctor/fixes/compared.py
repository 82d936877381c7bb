"""What a loss compares: the prediction and the target, as the training loop spells them."""

from __future__ import annotations

import ast

from ..signs import Signs
from ..source import Script, calls
from ..source.locate import scope, within
from .head import criterion_call
from .places import backward, one


def compared(signs: Signs) -> tuple[Script, ast.expr, ast.expr] | None:
    """(script, prediction, target) of the main term: at its criterion, or in a loss written by hand."""
    call, term = criterion_call(signs), signs.loss.term
    if call is not None:
        return call.script, call.node.args[0], call.node.args[1]
    return _by_hand(signs) if term is None or term.by_hand else None


def _made(script: Script, name: str, line: int) -> list[ast.expr]:
    """The values that a name is given by itself before a line."""
    return [
        n.value for n in within(scope(script, line))
        if isinstance(n, ast.Assign) and len(n.targets) == 1 and isinstance(n.targets[0], ast.Name)
        and n.targets[0].id == name and n.lineno <= line
    ]  # fmt: skip


def _loss(script: Script, line: int) -> list[ast.expr]:
    """The loss as it is computed in the training loop."""
    call = one([c for c in calls(script, ("backward",)) if c.line <= line <= c.end_line])
    value = call.node.func.value if call is not None and isinstance(call.node.func, ast.Attribute) else None
    if isinstance(value, ast.Name):
        return _made(script, value.id, line)
    return [value] if value is not None else []


def _answers(script: Script, node: ast.expr, line: int) -> bool:
    """Does an expression call a net, or something that does, rather than pick from data?"""
    if isinstance(node, ast.Name):
        made = _made(script, node.id, line)
        return len(made) >= 1 and any(isinstance(n, ast.Call) for n in ast.walk(made[-1]))
    return any(isinstance(n, ast.Call) for n in ast.walk(node))


def _by_hand(signs: Signs) -> tuple[Script, ast.expr, ast.expr] | None:
    """`loss_of(model(x), y)` (and a mask), `((model(x) - y) ** 2).mean()`."""
    place = backward(signs)
    made = _loss(*place) if place is not None else []
    if place is None or len(made) != 1:
        return None
    script, line = place
    pairs: list[tuple[ast.expr, ast.expr]] = []
    for node in ast.walk(made[0]):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub):
            pairs.append((node.left, node.right))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and len(node.args) in (2, 3):
            pairs.append((node.args[0], node.args[1]))
    told = [(a, b, _answers(script, a, line), _answers(script, b, line)) for a, b in pairs]
    sure = [(b, a) if of_b else (a, b) for a, b, of_a, of_b in told if of_a != of_b]
    return (script, *sure[0]) if len(sure) == 1 and len(told) == 1 else None
