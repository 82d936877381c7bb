"""Keep the weights that were best on held-back data."""

from __future__ import annotations

import ast
import re

from ..signs import Signs
from ..source import Edit, Script, calls, enclosing_loop, insert_after, insert_before, together
from ..source.locate import LoopNode, scope, spelled, within
from .fix import Args, Fix
from .places import backward, fragment, model_at, said

_HELD = re.compile(r"(val|valid|validation|dev|held|test|eval)(_?\w*)?_?(loss|mse|nll|error|err|bce)|loss_(val|valid|test|dev)|vloss")


def _held_loss(loop: LoopNode) -> ast.Assign | None:
    """The one statement of an epoch that gives the held-back loss a name."""
    found = [
        s for s in loop.body
        if isinstance(s, ast.Assign) and len(s.targets) == 1 and isinstance(s.targets[0], ast.Name)
        and _HELD.fullmatch(s.targets[0].id.lower())
    ]  # fmt: skip
    return found[0] if len(found) == 1 else None


def _kept_already(script: Script, model: str, line: int) -> str | None:
    """The name under which the script itself keeps its best weights, where it never takes them back."""
    if any(c.owner == model for c in calls(script, ("load_state_dict",))):
        return None
    for node in within(scope(script, line)):
        if not isinstance(node, ast.Assign) or f"{model}.state_dict()" not in ast.unparse(node.value):
            continue
        values = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
        targets = node.targets[0].elts if isinstance(node.targets[0], ast.Tuple) else node.targets[:1]
        for target, value in zip(targets, values, strict=False):
            text = ast.unparse(value)
            copied = "deepcopy" in text or ".clone()" in text
            if copied and f"{model}.state_dict()" in text and isinstance(target, ast.Name):
                return target.id
    return None


def _edit(signs: Signs, args: Args) -> Edit | None:
    place = backward(signs)
    loops = enclosing_loop(*place) if place is not None else None
    if place is None or loops is None:
        return None
    script, line = place
    model = model_at(script, line)
    if model is None:
        return None
    kept = _kept_already(script, model, line)
    if kept is not None:
        return insert_after(script, loops.outer.lineno, [f"{model}.load_state_dict({kept})"])
    held, copy = _held_loss(loops.outer), spelled(script, "copy.deepcopy")
    if held is None or not isinstance(held.targets[0], ast.Name) or loops.inner is loops.outer:
        return None
    name = held.targets[0].id
    taken = f"{copy}({model}.state_dict())" if copy else f"{{k: v.detach().clone() for k, v in {model}.state_dict().items()}}"
    return together(
        insert_before(script, loops.outer.lineno, ['best, kept = float("inf"), None']),
        insert_after(script, held.lineno, [f"if {name} < best:", f"    best, kept = float({name}), {taken}"]),
        insert_after(script, loops.outer.lineno, ["if kept is not None:", f"    {model}.load_state_dict(kept)"]),
    )


def otherwise(signs: Signs, args: Args) -> str:
    def name() -> str:
        place = backward(signs)
        return (model_at(*place) if place is not None else None) or "model"

    model = said(name, "model")
    return fragment(
        "at the end of each epoch, with the loss on held-back data as `held`; start with best, waited = float('inf'), 0",
        "if held < best:",
        f"    best, waited, kept = held, 0, copy.deepcopy({model}.state_dict())",
        "else:",
        "    waited += 1",
        "    if waited >= 5:",
        f"        {model}.load_state_dict(kept)",
        "        break",
    )


FIX = Fix(
    id="early-stop",
    safety="unsafe",
    title=lambda signs, args: "stop where the held-back loss was best, and keep those weights",
    edit=_edit,
    otherwise=otherwise,
)
