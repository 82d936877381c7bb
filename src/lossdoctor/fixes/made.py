"""The statement that gives a name the value it has at a place, as far as one block shows it."""

from __future__ import annotations

import ast

from ..source import Script
from ..source.locate import block_of, scope, statement_of, within


def made_last(script: Script, at: ast.expr, name: str) -> ast.Assign | None:
    """The last `name = ...` before an expression, in its own block or one round it in the same scope; None where something
    else (a branch, a loop, `+=`) may have given it a value since."""
    found = bound_last(script, at, name)
    return found if isinstance(found, ast.Assign) else None


def bound_last(script: Script, at: ast.expr, name: str) -> ast.Assign | ast.AugAssign | None:
    """The same, where it may be `name += ...` as well."""
    statement = statement_of(script, at)
    home = scope(script, at.lineno)
    while statement is not None and statement is not home:
        block = block_of(script, statement)
        for before in reversed(block[: block.index(statement)]):
            if isinstance(before, ast.Assign | ast.AugAssign) and _plain(before, name):
                return before
            if _binds(before, name):
                return None
        parent = script.parents.get(statement)
        if isinstance(parent, ast.For | ast.While) and _binds(parent, name):
            return None
        statement = parent if isinstance(parent, ast.stmt) else None
    return None


def _plain(statement: ast.Assign | ast.AugAssign, name: str) -> bool:
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    return [t.id for t in targets if isinstance(t, ast.Name)] == [name] and len(targets) == 1


def _binds(statement: ast.stmt, name: str) -> bool:
    return any(
        isinstance(n, ast.Name) and n.id == name and isinstance(n.ctx, ast.Store) for n in (statement, *within(statement))
    )
