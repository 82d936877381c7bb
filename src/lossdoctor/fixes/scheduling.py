"""What steps a learning rate: calls of a scheduler, and lines that set it by hand."""

from __future__ import annotations

import ast
import re

from ..signs import Signs
from ..source import Call, Script, calls, scheduler_name
from ..source.locate import SCHEDULERS, assigned_to, enclosing_loop, statement_of
from .places import backward, call_at, places, scripts


def scheduler_steps(signs: Signs) -> list[Call]:
    """Statements that step a scheduler: where the run was seen to step one, else what the text shows."""
    seen = [call for place in places(signs, "scheduler") if (call := call_at(place, ("step",))) is not None]
    if not seen:
        for script in scripts(signs):
            built = {assigned_to(script, c.node) for c in calls(script, SCHEDULERS)} | {scheduler_name(script)}
            seen.extend(
                c for c in calls(script, ("step",))
                if c.owner in built or re.search(r"sched", c.owner, re.IGNORECASE)
            )  # fmt: skip
    return [c for c in seen if isinstance(statement_of(c.script, c.node), ast.Expr)]


def set_by_hand(signs: Signs) -> list[tuple[Script, ast.stmt]]:
    """Statements of the training loop that make the rate smaller from what it was: `optimizer.param_groups[0]["lr"] *= 0.9`,
    `for group in optimizer.param_groups: group["lr"] *= 0.9`."""
    place = backward(signs)
    loops = enclosing_loop(*place) if place is not None else None
    if place is None or loops is None:
        return []
    script = place[0]
    found: list[tuple[Script, ast.stmt]] = []
    for node in ast.walk(loops.outer):
        if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Mult | ast.Div) and _is_rate(script, node.target):
            parent = script.parents.get(node)
            groups = isinstance(parent, ast.For) and "param_groups" in script.segment(parent.iter) and len(parent.body) == 1
            found.append((script, parent if groups and isinstance(parent, ast.For) else node))
    return found


def _is_rate(script: Script, node: ast.expr) -> bool:
    if not isinstance(node, ast.Subscript) or not isinstance(node.slice, ast.Constant) or node.slice.value != "lr":
        return False
    if "param_groups" in script.segment(node.value):
        return True
    at: ast.AST | None = node
    while at is not None:
        if isinstance(at, ast.For) and isinstance(at.target, ast.Name) and "param_groups" in script.segment(at.iter):
            return isinstance(node.value, ast.Name) and node.value.id == at.target.id
        at = script.parents.get(at)
    return False
