"""Where in a training script the optimizer, the model, the loss and the layers stand, and edits made from that."""

from __future__ import annotations

import ast
from collections.abc import Callable

from base import Copy, NotHere
from source import before_call, change_calls, code, named, owner_of


def edit(change: Callable[[str], str]) -> Callable[[Copy], None]:
    def put(copy: Copy) -> None:
        copy.text = change(copy.text)

    return put


def optimizer(text: str) -> str:
    return owner_of(text, "zero_grad")


def model(text: str) -> str:
    return owner_of(text, "parameters")


def loss(text: str) -> str:
    return owner_of(text, "backward")


def layers(text: str, *classes: str) -> list[str]:
    """Names of the model's own layers of these classes."""
    found = []
    for node in ast.walk(ast.parse(text)):
        if (
            isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and isinstance(node.value.func, ast.Attribute)
            and node.value.func.attr in classes and isinstance(node.targets[0], ast.Attribute)
        ):  # fmt: skip
            found.append(node.targets[0].attr)
    if not found:
        raise NotHere("no such layer")
    return found


def held(text: str, parameters: str) -> str:
    """What the optimizer is given, in the place of `model.parameters()`."""
    name = model(text)
    return change_calls(text, lambda c: code(c.func) == f"{name}.parameters", lambda c: parameters, 1)


def negated(text: str) -> str:
    return change_calls(text, named("backward"), lambda c: "(-" + code(c).replace(".backward", ").backward", 1))


def with_penalty(text: str, weight: str) -> str:
    name = loss(text)
    return before_call(
        text, "backward", f"{name} = {name} + {weight} * sum(p.pow(2).sum() for p in {model(text)}.parameters())"
    )
