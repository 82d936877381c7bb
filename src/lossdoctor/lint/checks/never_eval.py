"""Held-back data are measured under `no_grad` with dropout or batch norm still in training mode.

Silent where anything in the script calls `eval()` or `train(...)` with a value, where the model is called many times on
purpose (dropout kept on for error bars), and where the model is given to code that is not here.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from ...source.locate import dotted
from ..check import Alarm, Check
from ..facts import Facts, inner
from ..modes import has_modes
from ..reach import under_no_grad
from ..training import plain_backwards

_HELD_BACK = re.compile(r"(^|_)(te|test|tests|val|valid|validation|dev|eval|held|heldout|holdout|held_back)(_|\d|$)|(test|val|valid)$", re.IGNORECASE)
_MODES = ("eval", "train", "set_mode", "training", "requires_mode")


def look(facts: Facts) -> Iterator[Alarm]:
    passes = plain_backwards(facts)
    if not passes or any(facts.calls.get(name) for name in _MODES) or facts.attributes.get("training"):
        return
    for calls in list(facts.calls.values()):
        for call in calls:
            if not facts.bindings(call.func) or not under_no_grad(facts, call) or not _held_back(call):
                continue
            layer = has_modes(facts, call.func)
            if layer is None or _many(facts, call) or not any(b.lineno < call.lineno for b in passes):
                continue
            name = dotted(call.func)
            yield Alarm(
                call, f"Held-back data are measured with `{name}` in training mode, its {layer} at work. "
                f"Call `{name}.eval()` before, and `{name}.train()` before training goes on.", "warning",
            )  # fmt: skip
            return


def _held_back(call: ast.Call) -> bool:
    names = [dotted(n).rpartition(".")[2] for a in call.args for n in inner(a) if isinstance(n, ast.Name | ast.Attribute)]
    return any(_HELD_BACK.search(name) for name in names)


def _many(facts: Facts, call: ast.Call) -> bool:
    """Is it called again and again for the same data?"""
    at: ast.AST | None = call
    while at is not None and not isinstance(at, ast.FunctionDef):
        if isinstance(at, ast.ListComp | ast.GeneratorExp):
            return True
        if isinstance(at, ast.For) and isinstance(at.iter, ast.Call) and dotted(at.iter.func) == "range":
            return not any(b for b in plain_backwards(facts) if facts.inside(b, at))
        at = facts.parents.get(at)
    return False


CHECK = Check("wrong-mode", "never-eval", look, ("no_grad", "inference_mode"))
