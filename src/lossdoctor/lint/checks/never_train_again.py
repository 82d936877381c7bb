"""A training loop sets the model to eval mode and never back: from the second turn on it trains in eval mode.

Silent unless the model has dropout or batch norm in this script, and where anything in the loop calls `.train(...)`,
or the model is given to code that is not here.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...source.locate import OPTIMIZERS, LoopNode, dotted
from ..check import Alarm, Check
from ..facts import LOOP, Facts, last, owner
from ..modes import has_modes, mode_calls
from ..training import makes_gradients, reached, unseen
from ..values import constructors


def look(facts: Facts) -> Iterator[Alarm]:
    told: set[ast.AST] = set()
    for node in ast.walk(facts.tree):
        if not isinstance(node, LOOP) or node in told:
            continue
        found = _left_in_eval(facts, node)
        if found is not None:
            told |= {n for n in ast.walk(node) if isinstance(n, LOOP)}
            call, layer = found
            name = dotted(owner(call) or call)
            yield Alarm(
                call, f"`{name}.eval()` runs in the training loop (line {node.lineno}) and `{name}.train()` does not, so its {layer} "
                f"is off for the rest of the training. Call `{name}.train()` before each epoch.",
            )  # fmt: skip


def _left_in_eval(facts: Facts, loop: LoopNode) -> tuple[ast.Call, str] | None:
    if not any(makes_gradients(part) for part in reached(facts, loop)):
        return None
    evals = mode_calls(facts, "eval", loop)
    if not evals or any(_sets_mode(n) for part in reached(facts, loop) for n in ast.walk(part)):
        return None
    for call in evals:
        model = owner(call)
        if model is None or facts.conditional(call, loop) or _leaves(facts, call, loop):
            continue
        layer = has_modes(facts, model)
        if layer is None or not _trained_there(facts, loop, model):
            continue
        if any(unseen(facts, part, [model]) for part in reached(facts, loop)):
            continue
        return call, layer
    return None


def _sets_mode(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and (last(node.func) in ("train", "set_mode") or "train_mode" in last(node.func))


def _leaves(facts: Facts, call: ast.Call, loop: LoopNode) -> bool:
    """Does the loop end after it?"""
    at: ast.AST = facts.statement(call)
    while at is not loop and at in facts.parents:
        body = getattr(facts.parents[at], "body", [])
        if isinstance(body, list) and any(isinstance(s, ast.Break | ast.Return) for s in body) and at in body:
            return isinstance(facts.parents[at], ast.If)
        at = facts.parents[at]
    return False


def _trained_there(facts: Facts, loop: LoopNode, model: ast.expr) -> bool:
    """Was the model made before the loop, and does an optimizer hold its parameters (it is no teacher)?"""
    made = set(constructors(facts, model))
    held: set[ast.Call] = set()
    for call in facts.calls.get("parameters", []):
        who = owner(call)
        if who is not None and any(facts.inside(call, c) for name in OPTIMIZERS for c in facts.calls.get(name, [])):
            held |= set(constructors(facts, who))
    return bool(made & held) and not any(facts.inside(m, loop) for m in made)


CHECK = Check("wrong-mode", "never-train-again", look, (".eval(",))
