"""The calls that make a training: backward passes, steps, zeroed gradients; and what may hide one of them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from ..source.locate import OPTIMIZERS, SCHEDULERS, FunctionNode, dotted
from .facts import FUNCTION, Facts, inner, last, owner, same
from .values import constructors, kinds, own_function

_HARMLESS = ("torch.", "numpy.", "math.", "time.", "os.", "tqdm", "logging.", "json.", "sys.", "copy.", "random.")
_BUILTINS = frozenset(dir(__builtins__) if not isinstance(__builtins__, dict) else __builtins__)


def backwards(facts: Facts) -> list[ast.Call]:
    """`loss.backward()` and its like (`scaler.scale(loss).backward()`, `accelerator.backward(loss)`)."""
    return [
        c for c in facts.calls.get("backward", [])
        if isinstance(c.func, ast.Attribute) and not (isinstance(c.func.value, ast.Call) and last(c.func.value.func) == "super")
    ]  # fmt: skip


def plain_backwards(facts: Facts) -> list[ast.Call]:
    """Backward passes of a tensor itself: no engine's, that may step and zero on its own."""
    return [c for c in backwards(facts) if not c.args]


def is_torch_optimizer(facts: Facts, node: ast.expr) -> bool:
    """Was it made by one of torch.optim's own classes, wherever it was made, and by LBFGS nowhere?"""
    made = constructors(facts, node)
    return bool(made) and all(_own_optimizer(facts, call.func) for call in made)


def _own_optimizer(facts: Facts, node: ast.expr, depth: int = 4) -> bool:
    """`torch.optim.Adam`, a name for it, `getattr(torch.optim, name)`, or one out of a dict of such."""
    if depth == 0:
        return False
    full = facts.full(node)
    if full.startswith("torch.optim.") and full.rpartition(".")[2] in OPTIMIZERS and not full.endswith("LBFGS"):
        return True
    if isinstance(node, ast.Call) and dotted(node.func) == "getattr" and node.args:
        return facts.full(node.args[0]) == "torch.optim"
    if isinstance(node, ast.Subscript):
        if isinstance(node.value, ast.Dict):
            return bool(node.value.values) and all(_own_optimizer(facts, v, depth - 1) for v in node.value.values)
        bound = facts.bindings(node.value)
        if len(bound) == 1 and bound[0].how == "value" and isinstance(bound[0].value, ast.Dict):
            return all(_own_optimizer(facts, v, depth - 1) for v in bound[0].value.values)
    if isinstance(node, ast.Name):
        bound = facts.bindings(node)
        return bool(bound) and all(
            b.how == "value" and b.value is not None and _own_optimizer(facts, b.value, depth - 1) for b in bound
        )
    return False


@dataclass(frozen=True)
class Step:
    """An optimizer's step. `scaler` is what steps it, where a GradScaler does."""

    call: ast.Call
    optimizer: ast.expr
    scaler: ast.expr | None = None


def steps_by_name(facts: Facts) -> list[Step]:
    """Steps without a closure of whatever is zeroed by `zero_grad()` in this script too, wherever it was made."""
    zeroed = {dotted(who) for c in facts.calls.get("zero_grad", []) if (who := owner(c)) is not None}
    found = {s.call: s for s in steps(facts)}
    for call in facts.calls.get("step", []):
        who = owner(call)
        if who is not None and not call.args and not call.keywords and "?" not in dotted(who) and dotted(who) in zeroed:
            found.setdefault(call, Step(call, who))
    return list(found.values())


def steps(facts: Facts) -> list[Step]:
    """Steps of torch's own optimizers, without a closure."""
    found = []
    for call in facts.calls.get("step", []):
        who = owner(call)
        if who is None or call.keywords:
            continue
        if not call.args and is_torch_optimizer(facts, who):
            found.append(Step(call, who))
        elif len(call.args) == 1 and is_torch_optimizer(facts, call.args[0]) and is_grad_scaler(facts, who):
            found.append(Step(call, call.args[0], who))
    return found


def is_grad_scaler(facts: Facts, node: ast.expr) -> bool:
    made = kinds(facts, node)
    return bool(made) and all(k.startswith("torch.") and k.endswith("GradScaler") for k in made)


def zeroes(node: ast.AST) -> bool:
    """Does something here clear gradients, or look like it?"""
    for n in inner(node):
        if isinstance(n, ast.Call) and ("zero" in last(n.func).lower() and "grad" in dotted(n.func).lower()):
            return True
        if isinstance(n, ast.Call) and "zero" in last(n.func) and ".grad" in ast.unparse(n):
            return True
        if isinstance(n, ast.Attribute) and n.attr in ("grad", "main_grad") and isinstance(n.ctx, ast.Store):
            return True
        if isinstance(n, ast.Constant) and n.value == "zero_grad":
            return True
    return False


def makes_gradients(node: ast.AST) -> bool:
    """Does something here compute or set gradients, or look like it?"""
    for n in inner(node):
        if isinstance(n, ast.Call) and ("backward" in last(n.func).lower() or dotted(n.func).endswith("autograd.grad")):
            return True
        if isinstance(n, ast.Call) and last(n.func) in ("grad", "value_and_grad", "grad_and_value", "vjp", "jacrev"):
            return True
        if isinstance(n, ast.Attribute) and n.attr == "grad" and (isinstance(n.ctx, ast.Store)):
            return True
        if isinstance(n, ast.Call) and ".grad" in dotted(n.func):
            return True
    return False


def reached(facts: Facts, node: ast.AST, seen: set[ast.AST] | None = None) -> Iterator[ast.AST]:
    """A node and the functions of this script that it calls, and they call, each once."""
    seen = set() if seen is None else seen
    yield node
    for call in [n for n in inner(node) if isinstance(n, ast.Call)]:
        function = own_function(facts, call)
        if function is not None and function not in seen:
            seen.add(function)
            for statement in function.body:
                yield from reached(facts, statement, seen)


def unseen(facts: Facts, node: ast.AST, things: list[ast.expr]) -> bool:
    """Is one of `things` (as spelled), or the whole object that it belongs to, given to code that is not here?"""
    owners = {dotted(t).partition(".")[0] for t in things if "." in dotted(t)}
    for call in [n for n in inner(node) if isinstance(n, ast.Call)]:
        handed = [*call.args, *(k.value for k in call.keywords)]
        names = {dotted(n) for a in handed for n in _given_away(a)}
        whole = {dotted(a) for a in handed if isinstance(a, ast.Name)}
        gives = any(dotted(t) in names for t in things) or bool(owners & whole)
        if gives and not _known(facts, call):
            return True
        who = owner(call)
        inherited = isinstance(who, ast.Name) and who.id == "self" and "self" in owners and own_function(facts, call) is None
        if inherited and dotted(call.func) not in _attributes_of(facts, call):
            return True
    return False


def _given_away(node: ast.expr) -> Iterator[ast.expr]:
    """What a call gets to work on: names, those in a list or tuple, and whose parameters are named."""
    if isinstance(node, ast.Name | ast.Attribute):
        yield node
    elif isinstance(node, ast.Tuple | ast.List | ast.Set):
        for element in node.elts:
            yield from _given_away(element)
    elif isinstance(node, ast.Dict):
        for value in node.values:
            yield from _given_away(value)
    elif isinstance(node, ast.Starred):
        yield from _given_away(node.value)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and not node.args:
        yield from _given_away(node.func.value)  # `reset(model.parameters())`


def _attributes_of(facts: Facts, node: ast.AST) -> set[str]:
    """`self.model` and what else the class keeps as an attribute: calling it is no method of an unknown base."""
    cls = facts.own_class(node)
    return {f"self.{name}" for name in facts.held[cls]} if cls is not None else set()


def _known(facts: Facts, call: ast.Call) -> bool:
    """Code whose effect on gradients is known: torch's, the script's own (which is looked into), a scheduler's."""
    name = last(call.func)
    if own_function(facts, call) is not None or name in ("step", "unscale_", "update", "append", "format"):
        return True
    if isinstance(call.func, ast.Name) and name in _BUILTINS:
        return True
    full = facts.full(call.func)
    return full.startswith(_HARMLESS) or (name in SCHEDULERS and full.startswith(("torch.", name)))


LOSSES = {
    "cross_entropy": "cross_entropy", "CrossEntropyLoss": "cross_entropy", "nll_loss": "nll", "NLLLoss": "nll",
    "binary_cross_entropy_with_logits": "bce_logits", "BCEWithLogitsLoss": "bce_logits", "binary_cross_entropy": "bce",
    "BCELoss": "bce", "mse_loss": "mse", "MSELoss": "mse", "l1_loss": "l1", "L1Loss": "l1", "SmoothL1Loss": "l1",
    "smooth_l1_loss": "l1", "HuberLoss": "l1", "huber_loss": "l1",
}  # fmt: skip


def loss_kind(facts: Facts, call: ast.Call) -> str | None:
    """Which of torch's losses a call computes; None for anything else, and where it may be one of several."""
    full = facts.full(call.func)
    if full.startswith("torch.nn.functional."):
        return LOSSES.get(full.rpartition(".")[2])
    made: list[ast.Call]
    if isinstance(call.func, ast.Call):
        made = [call.func]
    elif isinstance(call.func, ast.Name | ast.Attribute):
        made = constructors(facts, call.func) if facts.bindings(call.func) else []
    else:
        return None
    names = {facts.full(m.func) for m in made}
    if len(names) == 1 and (name := names.pop()).startswith("torch.nn."):
        kind = name.rpartition(".")[2]
        return LOSSES.get(kind) if kind[:1].isupper() else None
    return None


def function_of(facts: Facts, node: ast.AST) -> FunctionNode | None:
    at = facts.scope(node)
    return at if isinstance(at, FUNCTION) else None


def zeroed_by_name(node: ast.AST, optimizer: ast.expr) -> bool:
    return (
        isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "zero_grad"
        and same(node.func.value, optimizer)
    )  # fmt: skip
