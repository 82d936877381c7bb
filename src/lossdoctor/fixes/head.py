"""What stands at the end of a model and at its loss: the last activation, the criterion and its arguments."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from ..signs import Signs
from ..source import Call, Edit, Script, calls, replace_node, together
from ..source.locate import all_calls, assigned_to, dotted, method, spelled, within
from .elsewhere import asked_again
from .places import at, model_class, places, returns, scripts

ACTIVATIONS = ("softmax", "log_softmax", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "hardtanh", "softplus")
LAYERS = {
    "Softmax": "softmax", "LogSoftmax": "log_softmax", "Sigmoid": "sigmoid", "Tanh": "tanh", "ReLU": "relu",
    "LeakyReLU": "leaky_relu", "ELU": "elu", "Hardtanh": "hardtanh", "Softplus": "softplus", "ReLU6": "relu",
}  # fmt: skip
CRITERIA = {
    "mse_loss": "MSELoss", "l1_loss": "L1Loss", "smooth_l1_loss": "SmoothL1Loss", "huber_loss": "HuberLoss",
    "cross_entropy": "CrossEntropyLoss", "nll_loss": "NLLLoss", "binary_cross_entropy": "BCELoss",
    "binary_cross_entropy_with_logits": "BCEWithLogitsLoss", "kl_div": "KLDivLoss", "poisson_nll_loss": "PoissonNLLLoss",
}  # fmt: skip
"""Functions of torch.nn.functional and their modules."""


@dataclass(frozen=True)
class Activation:
    """The last thing that a model does; `without` takes it away, `as_sigmoid` puts a sigmoid in its place, `as_softplus` in that
    of a ReLU what is positive everywhere."""

    name: str
    without: Edit
    as_sigmoid: Edit | None = None
    as_softplus: Edit | None = None


def last_activations(signs: Signs) -> list[Activation]:
    """Activations at the very end of the trained model, or round the prediction in the loss's call."""
    found: list[Activation] = []
    pair = model_class(signs)
    if pair is not None:
        script, cls = pair
        forward = method(cls, "forward")
        kept = _layers_of(script, cls)
        for value in _returned(forward) if forward is not None else []:
            found.extend(_around(script, value, kept))
        found.extend(_ends_of_sequentials(script, cls))
    call = criterion_call(signs)
    if call is not None and call.node.args:
        found.extend(_everywhere(call))
    return found


def _everywhere(call: Call) -> Iterator[Activation]:
    """Round the prediction in the loss's call, and where the same is asked again of other data."""
    again = [a for c in asked_again(call) for a in _around(call.script, c.node.args[0], {})]
    for found in _around(call.script, call.node.args[0], {}):
        same = [a for a in again if a.name == found.name]
        without = together(found.without, *(a.without for a in same))
        if without is not None:
            sigmoids = [found.as_sigmoid, *(a.as_sigmoid for a in same)]
            yield Activation(found.name, without, together(*sigmoids))


def _returned(forward: ast.AST) -> Iterator[ast.expr]:
    """What `forward` returns first; where that is a name, the last value that it was given."""
    for statement in returns(forward):
        value = statement.value
        if isinstance(value, ast.Tuple) and value.elts:
            value = value.elts[0]
        if isinstance(value, ast.Name):
            made = [
                n.value for n in within(forward)
                if isinstance(n, ast.Assign) and len(n.targets) == 1 and isinstance(n.targets[0], ast.Name)
                and n.targets[0].id == value.id and n.lineno < statement.lineno
            ]  # fmt: skip
            value = max(made, key=lambda v: v.lineno, default=value)
        if value is not None:
            yield value


_SHAPING = ("squeeze", "view", "reshape", "flatten", "transpose", "permute", "unsqueeze")


def _around(script: Script, value: ast.expr, kept: dict[str, str]) -> Iterator[Activation]:
    while (
        isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute) and value.func.attr in _SHAPING
        and dotted(value.func.value) not in ("torch",)
    ):  # fmt: skip
        value = value.func.value
    if isinstance(value, ast.Subscript):
        value = value.value
    if not isinstance(value, ast.Call):
        return
    func = dotted(value.func)
    last = func.rpartition(".")[2]
    inner: ast.expr | None = None
    name = last
    if func in kept:
        name, inner = kept[func], value.args[0] if value.args else None
    elif last in ACTIVATIONS:
        head = func.rpartition(".")[0]
        is_function = head in ("", "torch", "F", "nn.functional", "torch.nn.functional", "functional", "torch.special")
        if is_function:
            inner = value.args[0] if value.args else None
        elif isinstance(value.func, ast.Attribute):
            inner = value.func.value
    elif isinstance(value.func, ast.Call) and dotted(value.func.func).rpartition(".")[2] in LAYERS and value.args:
        name, inner = LAYERS[dotted(value.func.func).rpartition(".")[2]], value.args[0]
    if inner is None:
        return
    edit = replace_node(script, value, script.segment(inner))
    if edit is not None:

        def instead(full: str) -> Edit | None:
            other = spelled(script, full)
            return replace_node(script, value, f"{other}({script.segment(inner)})") if other is not None else None

        yield Activation(name, edit, instead("torch.sigmoid"), instead("torch.nn.functional.softplus") if name == "relu" else None)


def _layers_of(script: Script, cls: ast.ClassDef) -> dict[str, str]:
    """`self.act` -> `softmax` for the activations that a module keeps."""
    found = {}
    for node in ast.walk(cls):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and len(node.targets) == 1:
            name = LAYERS.get(dotted(node.value.func).rpartition(".")[2])
            if name is not None:
                found[dotted(node.targets[0])] = name
    return found


def _ends_of_sequentials(script: Script, cls: ast.ClassDef) -> Iterator[Activation]:
    forward = method(cls, "forward")
    ends = {
        dotted(v.func) for v in (_returned(forward) if forward is not None else []) if isinstance(v, ast.Call)
    }  # fmt: skip
    for call in calls(script, ("Sequential",)):
        last = call.node.args[-1] if len(call.node.args) > 1 else None
        name = LAYERS.get(dotted(last.func).rpartition(".")[2]) if isinstance(last, ast.Call) else None
        if name is None or last is None or assigned_to(script, call.node) not in ends:
            continue
        begin = script.span(call.node.args[-2])[1]
        edit = Edit(script, ((begin, script.span(last)[1], ""),))
        if Script.of(edit.after, script.file) is not None:
            head = script.segment(last.func).rpartition(".")[0] if isinstance(last, ast.Call) else ""
            sigmoid, softplus = (replace_node(script, last, f"{head}.{layer}()") if head else None for layer in ("Sigmoid", "Softplus"))
            yield Activation(name, edit, sigmoid, softplus if name == "relu" else None)


def criterion_call(signs: Signs) -> Call | None:
    """The call that compares predictions with targets in training: at the site of the main term."""
    term = signs.loss.term
    site = signs.wiring.site(term.site) if term is not None and term.site >= 0 else None
    spots = [at(signs, site)] if site is not None else list(places(signs, "criterion"))[:1]
    spot = spots[0] if spots else None
    if spot is None:
        return None
    script, line = spot
    built = {assigned_to(script, c.node) for c in calls(script, tuple(CRITERIA.values()))} - {None}
    here = [
        c for c in all_calls(script)
        if c.line <= line <= c.end_line and (c.last in CRITERIA or c.name in built or _is_made_here(c))
        and len(c.node.args) >= 2
    ]  # fmt: skip
    return here[0] if len(here) == 1 else None


def _is_made_here(call: Call) -> bool:
    """`nn.MSELoss()(prediction, target)`."""
    func = call.node.func
    return isinstance(func, ast.Call) and dotted(func.func).rpartition(".")[2] in CRITERIA.values()


def criterion_made(signs: Signs) -> Call | None:
    """Where the criterion of the main term is built, or called as a function."""
    term = signs.loss.term
    names = (CRITERIA[term.fn], term.fn) if term is not None and term.fn in CRITERIA else (*CRITERIA.values(), *CRITERIA)
    found = [call for script in scripts(signs) for call in calls(script, names)]
    if len(found) > 1:
        used = criterion_call(signs)
        if used is None:
            return None
        found = [c for c in found if c.node is used.node or assigned_to(c.script, c.node) == used.name]
    return found[0] if len(found) == 1 else None
