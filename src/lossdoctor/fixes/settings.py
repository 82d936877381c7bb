"""A setting that is read from a file, set otherwise in the script."""

from __future__ import annotations

import ast

from ..source import Edit, Script, insert_after, origin, replace_node
from ..source.locate import statement_of


def settle(script: Script, given: ast.expr, value: str) -> Edit | None:
    """Another value where a number comes from: at its literal, or after the statement that reads the settings it is a
    key of (`conf["hidden"]`), so that all who use the key see it."""
    found = origin(script, given)
    if found is not None:
        return replace_node(found.script, found.node, value)
    if not isinstance(given, ast.Subscript) or not isinstance(given.value, ast.Name):
        return None
    key, name = given.slice, given.value.id
    if not isinstance(key, ast.Constant) or not isinstance(key.value, str):
        return None
    read = [
        s for s in ast.walk(script.tree)
        if isinstance(s, ast.Assign) and any(isinstance(t, ast.Name) and t.id == name for t in s.targets)
    ]  # fmt: skip
    bound = [n for n in ast.walk(script.tree) if isinstance(n, ast.Name) and n.id == name and isinstance(n.ctx, ast.Store)]
    passed = any(isinstance(n, ast.arg) and n.arg == name for n in ast.walk(script.tree))
    if len(read) != 1 or len(bound) != 1 or passed or not isinstance(read[0].value, ast.Call):
        return None
    statement = statement_of(script, read[0].value)
    return None if statement is None else insert_after(script, statement.lineno, [f"{name}[{script.segment(key)}] = {value}"])
