"""A softmax over the last axis of a layer with one unit: the answer is 1, whatever the input.

Silent unless the layer's size is a literal 1, the axis is the last one, and nothing reshapes what lies in between.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import pairwise

from ..check import Alarm, Check
from ..facts import Facts, owner
from ..heads import head
from ..values import constructors


def look(facts: Facts) -> Iterator[Alarm]:
    for name in ("softmax", "log_softmax"):
        for call in facts.calls.get(name, []):
            free = facts.full(call.func).startswith("torch.")
            given = (call.args[0] if call.args else None) if free else owner(call)
            rest = call.args[1:] if free else call.args
            if given is not None and _axis(call, rest) == -1 and _one(facts, given):
                yield _alarm(call)
    for call in [c for calls in list(facts.calls.values()) for c in calls]:
        made = constructors(facts, call.func) if facts.bindings(call.func) and len(call.args) == 1 else []
        if len(made) == 1 and _layer(facts, made[0]) and _one(facts, call.args[0]):
            yield _alarm(call)
        if facts.full(call.func) == "torch.nn.Sequential":
            for before, layer in pairwise(call.args):
                if isinstance(layer, ast.Call) and isinstance(before, ast.Call) and _layer(facts, layer) and _single(facts, before):
                    yield _alarm(layer)


def _alarm(node: ast.expr) -> Alarm:
    return Alarm(node, "A softmax over one unit answers 1 whatever the input, so nothing can be learned. Use a sigmoid, or two units.")


def _layer(facts: Facts, made: ast.Call) -> bool:
    """`nn.Softmax(dim=-1)`."""
    known = facts.full(made.func) in ("torch.nn.Softmax", "torch.nn.LogSoftmax")
    return known and _axis(made, made.args) == -1


def _axis(call: ast.Call, rest: list[ast.expr]) -> int | None:
    given = next((k.value for k in call.keywords if k.arg in ("dim", "axis")), rest[0] if rest else None)
    try:
        value = ast.literal_eval(given) if given is not None else None
    except ValueError:
        return None
    return value if isinstance(value, int) else None


def _one(facts: Facts, node: ast.expr) -> bool:
    op = head(facts, node)
    return op is not None and op.kind == "linear" and not op.moved and op.layer is not None and _single(facts, op.layer)


def _single(facts: Facts, layer: ast.Call) -> bool:
    if facts.full(layer.func) != "torch.nn.Linear":
        return False
    size = layer.args[1] if len(layer.args) > 1 else next((k.value for k in layer.keywords if k.arg == "out_features"), None)
    return isinstance(size, ast.Constant) and size.value == 1


CHECK = Check("output-activation-mismatch", "softmax-of-one", look, ("oftmax",))
