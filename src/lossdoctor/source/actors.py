"""The optimizer, the scheduler and the model of a training loop, as the script spells them."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence

from .locate import OPTIMIZERS, SCHEDULERS, Call, assigned_to, calls, dotted, module_classes, scope, within
from .script import Script

_NO_OPTIMIZER = re.compile(r"sched|scaler|writer|env|prof|bar|warm|callback|ema", re.IGNORECASE)
_FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef


def optimizer_name(script: Script, line: int | None = None) -> str | None:
    """The optimizer as the script spells it at `line` (anywhere, without): what is stepped or zeroed there, or
    what its constructor was assigned to. None where there are none, or several."""
    built = _built(script, OPTIMIZERS)
    place = scope(script, line)
    nodes = set(ast.walk(script.tree)) if line is None else set(within(place))
    used = [
        c.owner
        for c in calls(script, ("step", "zero_grad"))
        if c.node in nodes and c.owner and (c.owner in built or _looks_like_optimizer(script, c))
    ]
    if used:
        return _only([name for name in used if name in built] or used)
    if line is None:
        return _only(built)
    given = [name for name in _arguments(place) if name in built or re.fullmatch(r"opt\w*", name)]
    return _only(given or _visible(script, built, place))


def scheduler_name(script: Script, line: int | None = None) -> str | None:
    """The learning rate's scheduler as the script spells it; None where there are none, or several."""
    built = _built(script, SCHEDULERS)
    nodes = set(ast.walk(script.tree)) if line is None else set(within(scope(script, line)))
    stepped = [
        c.owner
        for c in calls(script, ("step",))
        if c.node in nodes and (c.owner in built or re.search(r"sched", c.owner, re.IGNORECASE))
    ]
    return _only(stepped or built)


def model_name(script: Script, line: int | None = None) -> str | None:
    """The model as the script spells it at `line`: whose `parameters()` the optimizer was given, or what an
    instance of one of the script's own module classes was assigned to. None where there are none, or several."""
    made = _built(script, tuple(module_classes(script)))
    trained = [
        script.segment(node.func.value)
        for call in calls(script, OPTIMIZERS)
        for arg in call.node.args[:1]
        for node in ast.walk(arg)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "parameters"
    ]
    pool = [name for name in trained if name in made] or trained or made
    if line is None:
        return _only(pool)
    place = scope(script, line)
    given = [name for name in _arguments(place) if name in pool or name in ("model", "net", "network")]
    return _only(given or _visible(script, pool, place))


def _only(names: Sequence[str]) -> str | None:
    unique = list(dict.fromkeys(names))
    return unique[0] if len(unique) == 1 else None


def _built(script: Script, names: Sequence[str]) -> list[str]:
    return [name for call in calls(script, names) if (name := assigned_to(script, call.node))]


def _arguments(place: ast.AST) -> list[str]:
    if not isinstance(place, _FUNCTION):
        return []
    return [a.arg for a in (*place.args.posonlyargs, *place.args.args, *place.args.kwonlyargs)]


def _visible(script: Script, names: Sequence[str], place: ast.AST) -> list[str]:
    """Those names that a scope can see: bound in it, round it or at module level, or attributes of its `self`."""
    bound: set[str] = set()
    at: ast.AST | None = place
    while at is not None:
        if isinstance(at, ast.Module | _FUNCTION):
            bound |= {n.id for n in within(at) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        at = script.parents.get(at)
    arguments = _arguments(place)
    bound |= {name for name in names if arguments[:1] == ["self"] and name.startswith("self.")}
    seen = [name for name in names if name in bound]
    if not seen and arguments[:1] == ["self"]:
        held = {dotted(n) for n in ast.walk(place) if isinstance(n, ast.Attribute)}
        seen = [f"self.{name}" for name in names if f"self.{name}" in held]
    return seen


def _looks_like_optimizer(script: Script, call: Call) -> bool:
    if _NO_OPTIMIZER.search(call.owner) or call.owner in _built(script, SCHEDULERS):
        return False
    pattern = r"opt" if call.last == "zero_grad" else r"opt|adam|sgd"
    return bool(re.search(pattern, call.owner, re.IGNORECASE))
