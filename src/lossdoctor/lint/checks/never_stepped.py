"""An optimizer is made and backward runs, and nobody ever steps it.

Silent where the optimizer leaves this script's sight (returned, kept in a container, given to code that is not here),
or where anything reads `.grad`: weights may then be updated by hand.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...source.locate import SCHEDULERS, dotted
from ..check import Alarm, Check
from ..facts import FUNCTION, Facts, Scope, last
from ..training import is_torch_optimizer, plain_backwards
from ..values import own_function, receives

_QUIET = ("zero_grad", "param_groups", "state_dict", "load_state_dict", "state", "add_param_group", "defaults", "unscale_")


def look(facts: Facts) -> Iterator[Alarm]:
    passes = plain_backwards(facts)
    if not passes or _by_hand(facts):
        return
    for name, call in _made(facts):
        home = facts.scope(name)
        if not is_torch_optimizer(facts, call) or _used(facts, home, name.id):
            continue
        places = {home, *_followed(facts, home, name.id)}
        mine = [b for b in passes if facts.scope(b) in places and facts.loops(b)]
        if mine and not any(_steps(facts, place) for place in places):
            text = f"Gradients are computed and `{name.id}` never steps, so no weight ever changes."
            yield Alarm(facts.statement(mine[0]), f"{text} Call `{name.id}.step()` after the backward pass.")


def _made(facts: Facts) -> Iterator[tuple[ast.Name, ast.Call]]:
    """`name = torch.optim.X(...)`, the only binding of that name in its scope."""
    for scope in list(facts.bound.values()):
        for bindings in list(scope.values()):
            only = bindings[0]
            if len(bindings) != 1 or only.how != "value" or not isinstance(only.value, ast.Call):
                continue
            target = only.node.targets[0] if isinstance(only.node, ast.Assign) and len(only.node.targets) == 1 else None
            if isinstance(target, ast.Name):
                yield target, only.value


def _by_hand(facts: Facts) -> bool:
    return any(not isinstance(facts.parents.get(a), ast.Call) for a in facts.attributes.get("grad", []))


def _uses(facts: Facts, home: Scope, name: str) -> list[ast.Name]:
    return [n for n in facts.names[name] if isinstance(n.ctx, ast.Load) and facts.home(n) is home]


def _used(facts: Facts, home: Scope, name: str, seen: frozenset[ast.AST] = frozenset()) -> bool:
    """Is it stepped, or out of sight? Looked for in the script's own functions too."""
    for use in _uses(facts, home, name):
        parent = facts.parents[use]
        if isinstance(parent, ast.Attribute):
            if parent.attr not in _QUIET:
                return True
            continue
        call = facts.parents[parent] if isinstance(parent, ast.keyword) else parent
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
        if _used(facts, function, parameter, seen | {function}):
            return True
    return False


def _followed(facts: Facts, home: Scope, name: str) -> Iterator[ast.AST]:
    for use in _uses(facts, home, name):
        parent = facts.parents[use]
        call = facts.parents[parent] if isinstance(parent, ast.keyword) else parent
        if isinstance(call, ast.Call) and (function := own_function(facts, call)) is not None:
            yield function


def _steps(facts: Facts, place: ast.AST) -> bool:
    """Does anything step here that may be this optimizer under another name?"""
    for call in facts.calls.get("step", []):
        if facts.scope(call) is place or (isinstance(place, FUNCTION) and facts.inside(call, place)):
            name = dotted(call.func).lower()
            if not any(word in name for word in ("sched", "env.", "prof")):
                return True
    return any("step" in last(c.func).lower() for calls in facts.calls.values() for c in calls
               if facts.scope(c) is place and last(c.func) not in ("step", "set_step", "training_step")
               and not last(c.func)[:1].isupper())  # fmt: skip


CHECK = Check("missing-optimizer-step", "never-stepped", look, ("backward",))
