"""Gradients are clipped after the step and zeroed before the next: the clipping does nothing.

Silent where the norm is used (a log), where the limit is infinite, and where a step or a backward pass may lie between
the clipping and the zeroing.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...source.diff import Edit, delete_statement, insert_before, together
from ...source.locate import dotted
from ..blocks import Block, blocks, compound
from ..check import Alarm, Check
from ..facts import Facts, inner, last
from ..training import Step, makes_gradients, reached, steps_by_name, zeroes

CLIPS = ("clip_grad_norm_", "clip_grad_value_", "clip_grad_norm")


def clip_of(statement: ast.stmt) -> ast.Call | None:
    """A clipping whose result nobody uses."""
    call = statement.value if isinstance(statement, ast.Expr) else None
    if not isinstance(call, ast.Call) or last(call.func) not in CLIPS:
        return None
    return None if any("inf" in ast.unparse(a) for a in [*call.args[1:], *(k.value for k in call.keywords)]) else call


def look(facts: Facts) -> Iterator[Alarm]:
    if not any(facts.calls.get(name) for name in CLIPS):
        return
    found = {facts.statement(s.call): s for s in steps_by_name(facts)}
    for block in blocks(facts):
        for index, statement in enumerate(block.statements):
            clip = clip_of(statement) if not compound(statement) else None
            step = _step_before(facts, block, index, found) if clip is not None else None
            if step is not None and _zeroed_next(facts, block, index):
                yield _alarm(facts, statement, step)


def _step_before(facts: Facts, block: Block, index: int, found: dict[ast.stmt, Step]) -> Step | None:
    """The step that used the gradients before this clipping, with no backward pass between."""
    for at, statement in block.before(index):
        if at > index:
            return None
        if statement in found:
            return found[statement]
        if _opaque(facts, statement) or clip_of(statement) is not None:
            return None
    return None


def _zeroed_next(facts: Facts, block: Block, index: int) -> bool:
    for _, statement in block.after(index):
        if not compound(statement) and any(isinstance(n, ast.Call) and last(n.func) == "zero_grad" for n in inner(statement)):
            return True
        if _opaque(facts, statement) or any(isinstance(n, ast.Call) and _steps(n) for n in inner(statement)):
            return False
    # A function's block: what it starts with comes next, when it is called again.
    first = next((s for s in block.statements if zeroes(s) or _opaque(facts, s)), None)
    return not block.loop and first is not None and not compound(first) and zeroes(first)


def _steps(call: ast.Call) -> bool:
    return last(call.func) == "step" and "sched" not in dotted(call.func).lower()


def _opaque(facts: Facts, statement: ast.stmt) -> bool:
    return any(makes_gradients(node) for node in reached(facts, statement))


def _alarm(facts: Facts, statement: ast.stmt, step: Step) -> Alarm:
    script, stepping = facts.script, facts.statement(step.call)
    edit: Edit | None = None
    if "\n" not in script.segment(statement):
        edit = together(delete_statement(script, statement), insert_before(script, stepping.lineno, [script.segment(statement)]))
    name = script.segment(step.optimizer)
    return Alarm(
        statement, f"The gradients are clipped after `{name}` has used them, so the clipping does nothing. Clip between the "
        "backward pass and the step.", edit=edit, title="clip before the step",
    )  # fmt: skip


CHECK = Check("exploding-gradients", "late-clip", look, CLIPS)
