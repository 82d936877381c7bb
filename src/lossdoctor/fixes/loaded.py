"""Weights that are read from a file before training begins: `model.load_state_dict(...)` of a model just built."""

from __future__ import annotations

import ast

from ..signs import Signs
from ..source import Call, Script, calls
from ..source.locate import RECURRENT, dotted, module_classes, scope, statement_of, within
from .places import scripts

_CARRIES = ("to", "cuda", "cpu", "train", "eval", "double", "float", "half")
"""Methods that leave the weights as they are."""


def load_at_start(signs: Signs) -> Call | None:
    """The one such call whose model was trained. A state that is kept by the run itself (the best one, that of a
    teacher) is none."""
    found = [c for script in scripts(signs) for c in calls(script, ("load_state_dict",)) if _starts(signs, c)]
    return found[0] if len(found) == 1 else None


def _starts(signs: Signs, call: Call) -> bool:
    script, statement = call.script, statement_of(call.script, call.node)
    if not isinstance(statement, ast.Expr) or statement.value is not call.node or not call.owner:
        return False
    if any(isinstance(n, ast.Attribute) and n.attr == "state_dict" for a in call.node.args for n in ast.walk(a)):
        return False
    built = _built(script, call)
    seen = {m.cls for m in signs.wiring.models}
    return built is not None and (not seen or dotted(built.func).rpartition(".")[2] in seen) and not _touched(script, call, built)


def _built(script: Script, call: Call) -> ast.Call | None:
    """The construction of what is loaded into, in the same scope."""
    names = (*module_classes(script), *RECURRENT, "Linear", "Sequential", "ModuleList", "ModuleDict")
    made = [
        n.value for n in within(scope(script, call.line))
        if isinstance(n, ast.Assign) and len(n.targets) == 1 and script.segment(n.targets[0]) == call.owner and n.lineno < call.line
    ]  # fmt: skip
    value = made[0] if len(made) == 1 else None
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute) and value.func.attr in _CARRIES:
        value = value.func.value  # `Net().to(device)`
    known = isinstance(value, ast.Call) and (dotted(value.func).rpartition(".")[2] in names or _imported(script, value))
    return value if isinstance(value, ast.Call) and known else None


def _imported(script: Script, value: ast.Call) -> bool:
    return isinstance(value.func, ast.Name) and value.func.id[:1].isupper()


def _touched(script: Script, call: Call, built: ast.Call) -> bool:
    """Was the model used between its construction and the load? Then it may have been trained by then."""
    for node in within(scope(script, call.line)):
        if not isinstance(node, ast.Name | ast.Attribute) or not (built.end_lineno or built.lineno) < node.lineno < call.line:
            continue
        if script.segment(node) != call.owner or not isinstance(node.ctx, ast.Load):
            continue
        parent = script.parents.get(node)
        if not (isinstance(parent, ast.Attribute) and parent.attr in _CARRIES):
            return True
    return False
