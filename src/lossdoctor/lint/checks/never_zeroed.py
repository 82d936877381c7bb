"""A loop runs backward and steps, and nothing in it zeroes the gradients: each step uses the sum of all before.

Silent where anything in the loop, or in a function of this script that it calls, clears `.grad` in any way, where
the optimizer (or the object that keeps it) is given to code that is not here, where it is no class of torch.optim's
own, or is made inside the loop.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...source.diff import insert_before
from ...source.locate import dotted
from ..check import Alarm, Check
from ..facts import Facts
from ..training import Step, function_of, plain_backwards, reached, steps, unseen, zeroes
from ..values import calls_of, constructors


def look(facts: Facts) -> Iterator[Alarm]:
    seen: set[ast.AST] = set()
    for step in steps(facts):
        for backward in plain_backwards(facts):
            if facts.scope(backward) is not facts.scope(step.call) or backward in seen:
                continue
            around = _repeated(facts, step, backward)
            if around is not None and _certain(facts, step, around):
                seen.add(backward)
                yield _alarm(facts, step, backward)


def _repeated(facts: Facts, step: Step, backward: ast.Call) -> list[ast.AST] | None:
    """What runs again and again and holds both: their loops, or the loop that calls their function."""
    loops = facts.loops(backward)
    if loops:
        return [loops[0]] if facts.inside(step.call, loops[0]) else None
    function = function_of(facts, backward)
    if function is None or facts.loops(step.call):
        return None
    calls = calls_of(facts, function)
    outer = [facts.loops(c)[0] for c in calls or [] if facts.loops(c)]
    return [*function.body, *outer] if outer and calls and len(outer) == len(calls) else None


def _certain(facts: Facts, step: Step, around: list[ast.AST]) -> bool:
    things = [step.optimizer]
    made = constructors(facts, step.optimizer)
    if any(facts.inside(call, node) for call in made for node in around):
        return False
    trained = _models(step, made)
    for node in around:
        if any(zeroes(part) for part in reached(facts, node)):
            return False
        if any(unseen(facts, part, [*things, *trained]) for part in reached(facts, node)):
            return False
    return not _elsewhere(facts, step)


def _models(step: Step, made: list[ast.Call]) -> list[ast.expr]:
    """`model` in `Adam(model.parameters())`, which a helper might be given to clear its gradients."""
    return [
        n.func.value for call in made for arg in call.args[:1] for n in ast.walk(arg)
        if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute) and n.func.attr == "parameters"
    ]  # fmt: skip


def _elsewhere(facts: Facts, step: Step) -> bool:
    """Does something of this script zero gradients that does not run before the training alone? A method, a hook or a
    forward that does may be reached in ways that are not followed here."""
    for call in facts.calls.get("zero_grad", []):
        place = facts.scope(call)
        if not isinstance(place, ast.Module) and place is not facts.scope(step.call):
            return True
    grads = [a for a in facts.attributes.get("grad", []) if "torch" not in dotted(a)]
    return any(isinstance(a.ctx, ast.Store) or zeroes(facts.statement(a)) for a in grads)


def _alarm(facts: Facts, step: Step, backward: ast.Call) -> Alarm:
    name = facts.script.segment(step.optimizer)
    statement = facts.statement(backward)
    edit = insert_before(facts.script, statement.lineno, [f"{name}.zero_grad()"])
    return Alarm(
        statement,
        f"Nothing zeroes the gradients in this loop, so each step of `{name}` uses the sum of all gradients so far. "
        f"Call `{name}.zero_grad()` before each backward pass.",
        edit=edit, title=f"{name}.zero_grad() before the backward pass",
    )  # fmt: skip


CHECK = Check("missing-zero-grad", "never-zeroed", look, ("backward",))
