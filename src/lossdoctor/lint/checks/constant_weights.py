"""Every weight of a recurrent net gets the same value: its units start alike and stay alike.

Silent where biases alone are set, where a condition other than "is it a weight" chooses, where the net has no recurrent
layer of more than one unit in this script, and where the values are set again.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...source.locate import RECURRENT, dotted
from ..check import Alarm, Check
from ..facts import Facts, inner, last, owner
from ..values import constructors, network

_SAME = ("constant_", "zeros_", "ones_", "fill_", "zero_")


def look(facts: Facts) -> Iterator[Alarm]:
    for loop in [n for n in ast.walk(facts.tree) if isinstance(n, ast.For)]:
        over = loop.iter if isinstance(loop.iter, ast.Call) else None
        if over is None or last(over.func) not in ("parameters", "named_parameters") or owner(over) is None:
            continue
        name, parameter = _targets(loop)
        if parameter is None or not _recurrent(facts, owner(over)):
            continue
        call = _sets_all(facts, loop, name, parameter)
        if call is not None:
            yield Alarm(
                call, "Every weight starts with the same value, so the units of a layer compute the same and stay the same. "
                "Start the weights at random (biases may be constant).",
            )  # fmt: skip


def _targets(loop: ast.For) -> tuple[str | None, str | None]:
    """(name, parameter) as the loop calls them."""
    target = loop.target
    if isinstance(target, ast.Name) and last(getattr(loop.iter, "func", loop.iter)) == "parameters":
        return None, target.id
    if isinstance(target, ast.Tuple) and len(target.elts) == 2 and all(isinstance(e, ast.Name) for e in target.elts):
        return dotted(target.elts[0]), dotted(target.elts[1])
    return None, None


def _recurrent(facts: Facts, model: ast.expr | None) -> bool:
    """Does it hold a recurrent layer of torch, or is it one? `self` stands for its own class."""
    if model is None:
        return False
    if isinstance(model, ast.Name) and _asked_for(facts, model):
        return True
    cls = facts.own_class(model) if isinstance(model, ast.Name) and model.id == "self" else network(facts, model)
    made = [n for n in ast.walk(cls) if isinstance(n, ast.Call)] if cls is not None else constructors(facts, model)
    return any(facts.full(c.func).startswith("torch.nn.") and last(c.func) in RECURRENT and not _single(c) for c in made)


def _single(made: ast.Call) -> bool:
    """One unit has no other to be like."""
    size = made.args[1] if len(made.args) > 1 else next((k.value for k in made.keywords if k.arg == "hidden_size"), None)
    return isinstance(size, ast.Constant) and size.value == 1


def _asked_for(facts: Facts, model: ast.Name) -> bool:
    """`if isinstance(m, nn.LSTM)` round it, in a function that `apply` may call."""
    at: ast.AST | None = model
    while at is not None and not isinstance(at, ast.FunctionDef):
        above = facts.parents.get(at)
        if isinstance(above, ast.If) and any(at is s for s in above.body):
            test = above.test
            if isinstance(test, ast.Call) and dotted(test.func) == "isinstance" and dotted(test.args[0]) == model.id:
                named = [facts.full(n) for n in ast.walk(test.args[1]) if isinstance(n, ast.Name | ast.Attribute)]
                return any(n.startswith("torch.nn.") and n.rpartition(".")[2] in RECURRENT for n in named)
        at = above
    return False


def _sets_all(facts: Facts, loop: ast.For, name: str | None, parameter: str) -> ast.Call | None:
    """The call that gives each weight one value; None where something else sets weights in the loop, too."""
    setters = [n for n in inner(loop) if isinstance(n, ast.Call) and last(n.func).endswith("_") and _of(n, parameter)]
    weights = [c for c in setters if not _for_biases(facts, loop, c, name)]
    if len(weights) != 1 or last(weights[0].func) not in _SAME or ".grad" in dotted(weights[0].func):
        return None
    return weights[0] if _always(facts, loop, weights[0], name) else None


def _of(call: ast.Call, parameter: str) -> bool:
    base = call.args[0] if call.args and "init" in dotted(call.func) else owner(call)
    while isinstance(base, ast.Attribute) and base.attr == "data":
        base = base.value
    return isinstance(base, ast.Name) and base.id == parameter


def _test(facts: Facts, loop: ast.For, call: ast.Call) -> tuple[ast.If, bool] | None:
    """The condition round a call, and whether the call stands in its first branch."""
    at: ast.AST = call
    while at is not loop:
        above = facts.parents[at]
        if isinstance(above, ast.If):
            return above, any(at is s for s in above.body)
        at = above
    return None


def _for_biases(facts: Facts, loop: ast.For, call: ast.Call, name: str | None) -> bool:
    found = _test(facts, loop, call)
    if found is None:
        return False
    word = _asked(found[0].test, name)
    return (word == "bias") is found[1] if word in ("bias", "weight") else False


def _always(facts: Facts, loop: ast.For, call: ast.Call, name: str | None) -> bool:
    """Does it run for every weight: under no condition, or under one that asks for a weight alone?"""
    found = _test(facts, loop, call)
    if found is None:
        return True
    word = _asked(found[0].test, name)
    outer = facts.parents[found[0]]
    return outer is loop and ((word == "weight" and found[1]) or (word == "bias" and not found[1]))


def _asked(test: ast.expr, name: str | None) -> str | None:
    """`weight` for `"weight" in name`."""
    if not isinstance(test, ast.Compare) or len(test.ops) != 1 or not isinstance(test.ops[0], ast.In):
        return None
    asked = isinstance(test.left, ast.Constant) and dotted(test.comparators[0]) == name
    return str(test.left.value).strip("._") if asked and isinstance(test.left, ast.Constant) else None


CHECK = Check("symmetric-init", "constant-weights", look, ("parameters",))
