"""An optimizer is made and backward runs, and nobody ever steps it.

Silent where the optimizer leaves this script's sight (returned, kept in a container, given to code that is not here),
where anything reads `.grad` (weights may be updated by hand), and where it is no class of torch.optim's own, unless
the loop itself zeroes its gradients.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...source.locate import SCHEDULERS, dotted
from ..check import Alarm, Check
from ..facts import FUNCTION, Facts, Scope, last
from ..training import is_torch_optimizer, plain_backwards, zeroed_by_name
from ..values import own_function, receives

_QUIET = ("zero_grad", "param_groups", "state_dict", "load_state_dict", "state", "add_param_group", "defaults")


def look(facts: Facts) -> Iterator[Alarm]:
    passes = [b for b in plain_backwards(facts) if facts.loops(b)]
    if not passes or _by_hand(facts):
        return
    for name, value in _names(facts):
        home = facts.scope(name)
        places = {home, *_followed(facts, _uses(facts, home, name.id))}
        mine = [b for b in passes if facts.scope(b) in places and _is_optimizer(facts, value, name, b)]
        if mine and not _used(facts, _uses(facts, home, name.id)) and not any(_steps(facts, place) for place in places):
            yield _alarm(facts, mine[0], name.id)
    for cls, attribute in _held(facts):
        here = ast.Attribute(ast.Name("self", ast.Load()), attribute, ast.Load())
        mine = [b for b in passes if facts.own_class(b) is cls and _zeroed_near(facts, here, b)]
        uses = [a for a in facts.attributes[attribute] if isinstance(a.ctx, ast.Load)]
        if mine and not _used(facts, list(uses)) and not _steps(facts, facts.scope(mine[0])):
            yield _alarm(facts, mine[0], dotted(here))


def _alarm(facts: Facts, backward: ast.Call, name: str) -> Alarm:
    text = f"Gradients are computed and `{name}` never steps, so no weight ever changes."
    return Alarm(facts.statement(backward), f"{text} Call `{name}.step()` after the backward pass.")


def _names(facts: Facts) -> Iterator[tuple[ast.Name, ast.expr]]:
    """`name = ...(...)`, the only binding of that name in its scope."""
    for scope in list(facts.bound.values()):
        for bindings in list(scope.values()):
            only = bindings[0]
            target = only.node.targets[0] if isinstance(only.node, ast.Assign) and len(only.node.targets) == 1 else None
            if len(bindings) == 1 and isinstance(only.value, ast.Call) and isinstance(target, ast.Name):
                yield target, only.value


def _held(facts: Facts) -> Iterator[tuple[ast.ClassDef, str]]:
    """`self.name = ...`, the only binding of that attribute, in a class all of whose bases are here."""
    for cls, held in list(facts.held.items()):
        if facts.whole_family(cls) and not facts.subclassed(cls):
            for attribute, bindings in list(held.items()):
                if len(bindings) == 1 and bindings[0].how == "value" and bindings[0].value is not None:
                    yield cls, attribute


def _is_optimizer(facts: Facts, value: ast.expr, name: ast.Name, backward: ast.Call) -> bool:
    return is_torch_optimizer(facts, value) or _zeroed_near(facts, ast.Name(name.id, ast.Load()), backward)


def _zeroed_near(facts: Facts, name: ast.expr, backward: ast.Call) -> bool:
    """Does the loop of a backward pass zero its gradients?"""
    return any(zeroed_by_name(node, name) for node in ast.walk(facts.loops(backward)[0]))


def _by_hand(facts: Facts) -> bool:
    return any(not isinstance(facts.parents.get(a), ast.Call) for a in facts.attributes.get("grad", []))


def _uses(facts: Facts, home: Scope, name: str) -> list[ast.expr]:
    return [n for n in facts.names[name] if isinstance(n.ctx, ast.Load) and facts.home(n) is home]


def _call(facts: Facts, use: ast.expr) -> ast.AST:
    parent = facts.parents[use]
    return facts.parents[parent] if isinstance(parent, ast.keyword) else parent


def _used(facts: Facts, uses: list[ast.expr], seen: frozenset[ast.AST] = frozenset()) -> bool:
    """Is it stepped, or out of sight? Looked for in the script's own functions too."""
    for use in uses:
        parent, call = facts.parents[use], _call(facts, use)
        if isinstance(parent, ast.Attribute):
            if parent.attr not in _QUIET:
                return True
            continue
        if not isinstance(call, ast.Call) or call.func is use:
            return True
        if last(call.func) in SCHEDULERS and "torch" in facts.full(call.func):
            continue
        if dotted(call.func) == "print" or last(call.func) == "unscale_":
            continue
        function = own_function(facts, call)
        parameter = receives(facts, call, function, use) if function is not None else None
        if function is None or parameter is None or function in seen:
            return True
        if _used(facts, _uses(facts, function, parameter), seen | {function}):
            return True
    return False


def _followed(facts: Facts, uses: list[ast.expr]) -> Iterator[ast.AST]:
    for use in uses:
        call = _call(facts, use)
        if isinstance(call, ast.Call) and (function := own_function(facts, call)) is not None:
            yield function


def _steps(facts: Facts, place: ast.AST) -> bool:
    """Does anything step here that may be this optimizer under another name?"""
    for call in facts.calls.get("step", []):
        if facts.scope(call) is place or (isinstance(place, FUNCTION) and facts.inside(call, place)):
            name = dotted(call.func).lower()
            if not any(word in name for word in ("sched", "env.", "prof")):
                return True
    return any(
        "step" in name.lower() and name not in ("step", "set_step", "training_step") and not name[:1].isupper()
        and any(facts.scope(c) is place for c in calls)
        for name, calls in list(facts.calls.items())
    )  # fmt: skip


CHECK = Check("missing-optimizer-step", "never-stepped", look, ("backward",))
