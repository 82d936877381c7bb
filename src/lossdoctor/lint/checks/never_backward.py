"""A loss is computed and the optimizer steps, and nothing anywhere runs a backward pass: it never has a gradient.

Silent where the script computes or sets a gradient in any way, where the loss is given to anything but a print or a
sum, and where the optimizer, its step or the loss leaves this script's sight.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from ...source.diff import insert_before
from ...source.locate import dotted
from ..check import Alarm, Check
from ..facts import Facts, inner, last
from ..training import Step, loss_kind, makes_gradients, steps, unseen
from ..values import constructors, network, own_function

_NAMES = re.compile(r"loss|nll|cost|objective", re.IGNORECASE)


def look(facts: Facts) -> Iterator[Alarm]:
    if "backward" in facts.script.text or any(makes_gradients(s) for s in ast.walk(facts.tree) if isinstance(s, ast.stmt)):
        return
    for step in steps(facts):
        loops = facts.loops(step.call)
        found = _loss(facts, loops[0]) if loops else None
        if found is not None and not unseen(facts, loops[0], [step.optimizer, *_trained(facts, step)]):
            yield _alarm(facts, step, found)


def _loss(facts: Facts, loop: ast.AST) -> str | None:
    """The name of a loss that nobody but a print or a sum gets."""
    for statement in [n for n in inner(loop) if isinstance(n, ast.Assign)]:
        target = statement.targets[0]
        if not isinstance(target, ast.Name) or not _is_loss(facts, target.id, statement.value):
            continue
        uses = [n for n in facts.names[target.id] if isinstance(n.ctx, ast.Load) and facts.scope(n) is facts.scope(target)]
        if all(_only_read(facts, use) for use in uses):
            return target.id
    return None


def _is_loss(facts: Facts, name: str, value: ast.expr) -> bool:
    """One of torch's losses; or what is called a loss, and computed here."""
    if isinstance(value, ast.Call) and loss_kind(facts, value) is not None:
        return True
    if not _NAMES.search(name):
        return False
    if isinstance(value, ast.Call):
        return last(value.func) in ("mean", "sum") or own_function(facts, value) is not None or network(facts, value.func) is not None
    return isinstance(value, ast.BinOp | ast.UnaryOp) and any(isinstance(n, ast.Call) for n in ast.walk(value))


def _only_read(facts: Facts, use: ast.Name) -> bool:
    parent = facts.parents[use]
    if isinstance(parent, ast.Attribute):
        return parent.attr in ("item", "detach", "cpu", "data", "mean", "float")
    if isinstance(parent, ast.Call):
        return dotted(parent.func) in ("print", "float") or dotted(parent.func).endswith(".append")
    return isinstance(parent, ast.AugAssign | ast.FormattedValue | ast.BinOp)


def _trained(facts: Facts, step: Step) -> list[ast.expr]:
    return [
        n.func.value for call in constructors(facts, step.optimizer) for arg in call.args[:1] for n in ast.walk(arg)
        if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute) and n.func.attr == "parameters"
    ]  # fmt: skip


def _alarm(facts: Facts, step: Step, loss: str) -> Alarm:
    name = facts.script.segment(step.optimizer)
    statement = facts.statement(step.call)
    return Alarm(
        statement, f"`{name}` steps and nothing runs a backward pass, so it never has a gradient to use. "
        f"Call `{loss}.backward()` before the step.",
        edit=insert_before(facts.script, statement.lineno, [f"{loss}.backward()"]), title=f"{loss}.backward() before the step",
    )  # fmt: skip


CHECK = Check("gradients-cleared", "never-backward", look, (".step(",))
