"""Which value a name has at one place: the assignment that reaches it, where there is one for certain."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass

from .facts import FUNCTION, LOOP, Binding, Facts

_BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")


@dataclass(frozen=True)
class Reached:
    """The binding that a name has there, and the statement that made it."""

    binding: Binding
    statement: ast.stmt


def reaching(facts: Facts, use: ast.expr) -> Reached | None:
    """The last binding of a name (or `self.x` in the same method) before its use; None where a branch or an earlier
    turn of a loop may have made another, and for arguments."""
    key = ast.dump(use) if isinstance(use, ast.Attribute) else ""
    bindings = [b for b in facts.bindings(use) if b.how not in ("argument", "import", "def", "class")]
    at: ast.AST = facts.statement(use)
    bound = {facts.statement(b.node): b for b in bindings if _is_statement(facts, b)}
    if isinstance(use, ast.Attribute) and not key:
        return None
    while True:
        parent = facts.parents.get(at)
        if parent is None:
            return None
        block = next((b for n in _BLOCKS if isinstance(b := getattr(parent, n, None), list) and at in b), None)
        if block is not None:
            for statement in reversed(block[: block.index(at)]):
                if statement in bound and not hasattr(statement, "body"):
                    return Reached(bound[statement], statement)
                inside = [s for s in bound if facts.inside(s, statement)]
                if inside:
                    return _inside(facts, statement, bound)
        if isinstance(parent, FUNCTION):
            own = use.id in facts.bound[parent] if isinstance(use, ast.Name) else True
            return None if own or bindings == [] else _only(facts, bindings)
        if isinstance(parent, LOOP):
            if parent in bound:  # its own target
                return Reached(bound[parent], parent)
            if any(facts.inside(s, parent) for s in bound):
                return None  # an earlier turn may have bound it
        if isinstance(parent, ast.With | ast.AsyncWith) and parent in bound:
            return Reached(bound[parent], parent)
        if isinstance(parent, ast.Module):
            return None
        at = parent


def _is_statement(facts: Facts, binding: Binding) -> bool:
    return not isinstance(binding.node, ast.comprehension)


def _inside(facts: Facts, statement: ast.stmt, bound: dict[ast.stmt, Binding]) -> Reached | None:
    """A binding in the body of a `with` that surely ran."""
    if isinstance(statement, ast.With | ast.AsyncWith):
        if statement in bound:
            return Reached(bound[statement], statement)
        for inner in reversed(statement.body):
            if inner in bound and not hasattr(inner, "body"):
                return Reached(bound[inner], inner)
            if any(facts.inside(s, inner) for s in bound):
                return _inside(facts, inner, bound)
    return None


def _only(facts: Facts, bindings: Sequence[Binding]) -> Reached | None:
    """A name from outside the function: the one binding that it has."""
    if len(bindings) != 1 or isinstance(bindings[0].node, ast.comprehension):
        return None
    return Reached(bindings[0], facts.statement(bindings[0].node))


def under_no_grad(facts: Facts, node: ast.AST) -> bool:
    """Does a node stand in a `with torch.no_grad()` (or inference_mode) of its own function, or below such a decorator?"""
    at: ast.AST | None = node
    while at is not None:
        if isinstance(at, ast.With | ast.AsyncWith) and any(_stops(facts, item.context_expr) for item in at.items):
            return True
        if isinstance(at, FUNCTION):
            return any(_stops(facts, d) for d in at.decorator_list)
        at = facts.parents.get(at)
    return False


def _stops(facts: Facts, node: ast.expr) -> bool:
    name = facts.full(node.func if isinstance(node, ast.Call) else node)
    if name.endswith("set_grad_enabled"):
        return isinstance(node, ast.Call) and bool(node.args) and getattr(node.args[0], "value", True) is False
    return name.rpartition(".")[2] in ("no_grad", "inference_mode")
