"""Let the gradient reach back only so many steps."""

from __future__ import annotations

import ast

from ..signs import Signs
from ..source import Edit, Script, calls, insert_before
from ..source.locate import RECURRENT, FunctionNode, assigned_to, dotted, within
from .ends import forward_of
from .fix import Args, Fix
from .places import finite, fragment

CELLS = RECURRENT[3:]


def steps(signs: Signs, args: Args) -> int:
    """Given, else a quarter of the sequence, at least ten."""
    return int(finite(args.get("steps")) or max(10, signs.time.steps_seen // 4))


def _loop(script: Script, function: FunctionNode) -> tuple[ast.For, str, list[str]] | None:
    """The loop over time, its counter, and the state that its cell is given and gives anew."""
    cells = {assigned_to(script, c.node) for c in calls(script, CELLS)} - {None}
    found = []
    for loop in within(function):
        if not isinstance(loop, ast.For) or not isinstance(loop.target, ast.Name):
            continue
        if not isinstance(loop.iter, ast.Call) or dotted(loop.iter.func) != "range":
            continue
        for node in loop.body:
            made = node.value if isinstance(node, ast.Assign) and len(node.targets) == 1 else None
            if isinstance(node, ast.Assign) and isinstance(made, ast.Call) and script.segment(made.func) in cells:
                names = [n.id for n in ast.walk(node.targets[0]) if isinstance(n, ast.Name)]
                given = {n.id for a in made.args[1:] for n in ast.walk(a) if isinstance(n, ast.Name)}
                if names and set(names) <= given:
                    found.append((loop, loop.target.id, names))
    return found[0] if len(found) == 1 else None


def _edit(signs: Signs, args: Args) -> Edit | None:
    place = forward_of(signs)
    found = _loop(*place) if place is not None else None
    if place is None or found is None:
        return None
    loop, counter, names = found
    cut = f"{', '.join(names)} = {', '.join(f'{n}.detach()' for n in names)}"
    return insert_before(place[0], loop.body[0].lineno, [f"if {counter} and {counter} % {steps(signs, args)} == 0:", f"    {cut}"])


FIX = Fix(
    id="truncate-bptt",
    safety="unsafe",
    title=lambda signs, args: f"let the gradient reach back {steps(signs, args)} steps at most",
    edit=_edit,
    otherwise=lambda signs, args: fragment(
        "in the loop over time (or between chunks of a long sequence)", f"if t % {steps(signs, args)} == 0:", "    h = h.detach()"
    ),
    fits=lambda signs, args: signs.time.steps_seen >= 40,
)
