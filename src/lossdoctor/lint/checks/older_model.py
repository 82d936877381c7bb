"""The optimizer was made for a model that has been replaced since: it steps the weights of the old one.

Silent where the new model is made of the old one (`.to`, a wrapper, a copy), where a new optimizer is made for it, and
where the old optimizer does not step any more (a best model that is loaded to be tested).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...source.locate import dotted
from ..blocks import compound
from ..check import Alarm, Check
from ..facts import Facts, inner, last
from ..training import is_torch_optimizer
from ..values import own_function


def look(facts: Facts) -> Iterator[Alarm]:
    for scope, names in list(facts.bound.items()):
        for name, bindings in list(names.items()):
            for binding in bindings:
                call = binding.value
                if binding.how == "value" and isinstance(call, ast.Call) and is_torch_optimizer(facts, call):
                    yield from _replaced(facts, scope, name, facts.statement(binding.node), call)


def _replaced(facts: Facts, scope: ast.AST, optimizer: str, made: ast.stmt, call: ast.Call) -> Iterator[Alarm]:
    for model in _trained(call):
        home = facts.home(model)
        if home is not scope:
            continue
        for binding in facts.bound[home][model.id]:
            statement = facts.statement(binding.node)
            if binding.how != "value" or statement.lineno <= made.lineno or not _new(facts, binding.value, model.id):
                continue
            if facts.conditional(statement, scope) or facts.loops(statement) != facts.loops(made):
                continue
            later = [facts.statement(b.node).lineno for b in facts.bound[home][optimizer] if facts.statement(b.node) is not made]
            if any(line > statement.lineno for line in later) or not _steps_on(facts, scope, optimizer, statement):
                continue
            yield Alarm(
                statement,
                f"`{optimizer}` was made in line {made.lineno} for an older `{model.id}`, so it never steps this one. "
                f"Make the optimizer after the model.",
            )  # fmt: skip


def _trained(call: ast.Call) -> Iterator[ast.Name]:
    for node in [n for argument in call.args[:1] for n in ast.walk(argument)]:
        of = node.func.value if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) else None
        if isinstance(node, ast.Call) and last(node.func) == "parameters" and isinstance(of, ast.Name):
            yield of


def _new(facts: Facts, value: ast.expr | None, name: str) -> bool:
    """A network made from nothing of the old one."""
    if not isinstance(value, ast.Call) or any(isinstance(n, ast.Name) and n.id == name for n in ast.walk(value)):
        return False
    while isinstance(value, ast.Call) and last(value.func) in ("to", "cuda", "double", "float", "train"):
        inside = value.func.value if isinstance(value.func, ast.Attribute) else None
        if not isinstance(inside, ast.Call):
            break
        value = inside
    return isinstance(value, ast.Call) and (dotted(value.func) in facts.networks or facts.full(value.func) == "torch.nn.Sequential")


def _steps_on(facts: Facts, scope: ast.AST, optimizer: str, after: ast.stmt) -> bool:
    """Does the old optimizer step afterwards, there or in a function of this script that it is given to?"""
    block = [s for s in ast.walk(scope) if isinstance(s, ast.stmt) and s.lineno > after.lineno and facts.scope(s) is scope]
    for statement in block:
        for node in inner(statement) if not compound(statement) else ():
            if not isinstance(node, ast.Call):
                continue
            if dotted(node.func) == f"{optimizer}.step":
                return True
            given = [*node.args, *(k.value for k in node.keywords)]
            function = own_function(facts, node)
            if function is not None and any(isinstance(g, ast.Name) and g.id == optimizer for g in given):
                return any(last(c.func) == "step" for c in ast.walk(function) if isinstance(c, ast.Call))
    return False


CHECK = Check("params-not-in-optimizer", "older-model", look, ("parameters",))
