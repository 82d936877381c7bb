"""A setting that is read from a file, set otherwise: in that file, else in the script."""

from __future__ import annotations

import ast
import math
import re
from pathlib import Path

from ..signs import Signs
from ..source import Edit, Script, insert_after, origin, replace_node
from ..source.locate import statement_of
from ..source.settings_file import SUFFIXES, Setting, named_in, settings_of
from .places import scripts

ROLES = {
    "lr": r"(base_|initial_|init_|start_|max_|peak_)?(lr|learning_?rate|rate|eta)(_?0|_init|_start)?",
    "weight_decay": r"weight_?decay|wd|decay|l2(_?reg\w*)?",
}
"""What people call these numbers."""


def all_settings(signs: Signs) -> tuple[Setting, ...]:
    """Every setting in the files that the run's scripts name, or that were given on its command line."""
    read, started = scripts(signs), signs.started
    names = [name for script in read for name in named_in(script)]
    names += [word.partition("=")[2] or word for word in (started.argv if started is not None else ()) if word.endswith(SUFFIXES)]
    folders = dict.fromkeys([*(str(Path(script.file).parent) for script in read), *([started.cwd] if started is not None else [])])
    return settings_of(tuple(dict.fromkeys(names)), tuple(folders))


def by_role(signs: Signs, role: str, observed: float | None, value: str) -> Edit | None:
    """Another value of the one setting that is called what this number is called, and has the value that the run had."""
    if observed is None:
        return None
    fitting = [
        s for s in all_settings(signs)
        if isinstance(s.value, float) and re.fullmatch(ROLES[role], s.key) and math.isclose(s.value, observed, rel_tol=1e-4, abs_tol=1e-12)
    ]  # fmt: skip
    return replace_node(fitting[0].script, fitting[0].node, value) if len(fitting) == 1 else None


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
