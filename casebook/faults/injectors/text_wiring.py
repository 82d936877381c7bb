"""Faults of the training loop that stand in the text: zeroing, stepping, signs, detached graphs, the optimizer's hold."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

from base import Base, NotHere
from fault import Fault
from parts import edit, held, layers, loss, model, negated, optimizer, with_penalty
from source import (
    after_assignment,
    after_call,
    before_call,
    change_calls,
    code,
    drop_call,
    named,
    with_argument,
    with_keyword,
)

OPTIMIZERS = ("SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "NAdam", "Adadelta")


def head_alone(text: str) -> str:
    name, head = model(text), layers(text, "Linear")[-1]
    return f"[p.requires_grad_(n.startswith('{head}')) for n, p in {name}.named_parameters()]"


def cut(text: str) -> str:
    heads = [f"self.{name}" for name in layers(text, "Linear")]
    return change_calls(text, lambda c: code(c.func) in heads, lambda c: with_argument(c, 0, "({}).detach()"))


def faults(base: Base) -> Iterator[Fault]:
    def fault(name: str, causes: tuple[str, ...], change: Callable[[str], str]) -> Fault:
        return Fault(name, causes, edit(change), readable=True)

    yield fault("no-zeroing", ("missing-zero-grad",), lambda t: drop_call(t, "zero_grad"))
    yield fault("no-step", ("missing-optimizer-step",), lambda t: drop_call(t, "step", optimizer(t)))
    yield fault("zeroed-before-the-step", ("gradients-cleared",), lambda t: after_call(t, "backward", f"{optimizer(t)}.zero_grad()"))
    yield fault("loss-negated", ("wrong-sign",), negated)
    yield fault("maximised", ("wrong-sign",), lambda t: change_calls(t, named(*OPTIMIZERS), lambda c: with_keyword(c, "maximize", "True")))
    yield fault(
        "rebuilt-from-its-number", ("detached-graph",),
        lambda t: before_call(t, "backward", f"{loss(t)} = torch.tensor({loss(t)}.item(), requires_grad=True)"),
    )  # fmt: skip
    yield fault("optimizer-for-the-head", ("params-not-in-optimizer",), lambda t: held(t, f"{model(t)}.{layers(t, 'Linear')[-1]}.parameters()"))
    yield fault("optimizer-for-a-copy", ("params-not-in-optimizer",), lambda t: held(t, f"__import__('copy').deepcopy({model(t)}).parameters()"))
    yield fault("recurrent-layer-frozen", ("frozen-params",), lambda t: held(t, head_alone(t)))
    yield fault("states-cut-from-the-head", ("detached-graph",), cut)
    yield fault("decay-as-a-loss-term", ("loss-term-dominates",), lambda t: with_penalty(t, "30"))
    yield fault("rate-shrinks-each-step", ("scheduler-kills-lr",), lambda t: after_call(t, "backward", f"{optimizer(t)}.param_groups[0]['lr'] *= 0.95"))
    yield fault("model-made-again", ("params-not-in-optimizer",), again)


def again(text: str) -> str:
    """The model is made once more after the optimizer has its parameters."""
    name = model(text)
    made = [
        ast.unparse(node.value) for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and ast.unparse(node.targets[0]) == name
    ]  # fmt: skip
    if not made:
        raise NotHere("the model is made elsewhere")
    return after_assignment(text, lambda value: any(f"{o}(" in value for o in OPTIMIZERS), f"{name} = {made[0]}")
