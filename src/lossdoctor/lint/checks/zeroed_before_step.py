"""Gradients are zeroed and the step follows with no backward pass in between: it sees zeros every time.

Silent where a backward pass, or anything that may hold one, runs between the two, or where one of them is conditional.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...source.diff import Edit, delete_statement, insert_after, insert_before, together
from ..blocks import Block, blocks, compound
from ..check import Alarm, Check
from ..facts import Facts, inner
from ..training import Step, makes_gradients, reached, steps_by_name, zeroed_by_name


def look(facts: Facts) -> Iterator[Alarm]:
    found = {facts.statement(s.call): s for s in steps_by_name(facts)}
    if not found:
        return
    for block in blocks(facts):
        for index, statement in enumerate(block.statements):
            step = found.get(statement)
            if step is None or compound(statement):
                continue
            zero = _zeroed(facts, block, index, step)
            if zero is not None:
                yield _alarm(facts, block, step, statement, zero)


def _zeroed(facts: Facts, block: Block, index: int, step: Step) -> ast.stmt | None:
    """The statement that zeroes what this step would use; None where a backward pass comes first, or may."""
    zero = None
    between: set[int] = {index}
    for at, statement in block.before(index):
        between.add(at)
        if _may_make(facts, statement):
            return None
        if not compound(statement) and any(zeroed_by_name(n, step.optimizer) for n in inner(statement)):
            zero = statement
            break
        if isinstance(statement, ast.Return | ast.Continue | ast.Break):
            return None
    elsewhere = (s for at, s in enumerate(block.statements) if at not in between and not compound(s))
    return zero if zero is not None and any(makes_gradients(s) for s in elsewhere) else None


def _may_make(facts: Facts, statement: ast.stmt) -> bool:
    return any(makes_gradients(node) for node in reached(facts, statement))


def _alarm(facts: Facts, block: Block, step: Step, statement: ast.stmt, zero: ast.stmt) -> Alarm:
    name, script = facts.script.segment(step.optimizer), facts.script
    late = block.statements.index(zero) < block.statements.index(statement)
    makers = [s for s in block.statements if not compound(s) and makes_gradients(s)]
    edit: Edit | None = None
    if late and makers and makers[-1].lineno > statement.lineno:
        text = script.segment(statement)
        edit = together(delete_statement(script, statement), insert_after(script, makers[-1].lineno, [text]))
        what = f"Nothing has filled the gradients when `{name}` steps: they were zeroed just before, and backward comes after"
        return Alarm(statement, f"{what}. Step after the backward pass.", edit=edit, title="step after the backward pass")
    first = makers[0] if makers else statement
    if "\n" not in script.segment(zero):
        edit = together(delete_statement(script, zero), insert_before(script, first.lineno, [script.segment(zero)]))
    what = f"The gradients are zeroed between the backward pass and `{name}`'s step, so every step sees zeros"
    return Alarm(zero, f"{what}. Zero them before the backward pass.", edit=edit, title="zero before the backward pass")


CHECK = Check("gradients-cleared", "zeroed-before-step", look, ("zero_grad",))
