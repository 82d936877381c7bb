"""Start every unrelated sequence with a fresh state."""

from __future__ import annotations

import ast

from ..signs import Signs
from ..source import Edit, insert_before
from ..source.locate import dotted, scope, within
from .carried import carried_state
from .fix import Args, Fix
from .places import fragment


def _edit(signs: Signs, args: Args) -> Edit | None:
    state = carried_state(signs)
    if state is None or len(state.names) != 1:
        return None
    script, name = state.script, state.names[0]
    if state.in_module:
        return insert_before(script, state.statement.lineno, [f"{name} = None"])
    starts = [
        n for n in within(scope(script, state.statement.lineno))
        if isinstance(n, ast.Assign) and len(n.targets) == 1 and dotted(n.targets[0]) == name
        and state.loop is not None and n.lineno < state.loop.lineno
    ]  # fmt: skip
    if len(starts) != 1:
        return None
    return insert_before(script, state.statement.lineno, [script.segment(starts[0])])


def otherwise(signs: Signs, args: Args) -> str:
    code = ("hidden = None", "output, hidden = model(x, hidden)")
    return fragment("before each batch of unrelated sequences", *code)


FIX = Fix(
    id="reset-state",
    safety="safe",
    title=lambda signs, args: "start each batch of sequences with a fresh state",
    edit=_edit,
    otherwise=otherwise,
    live=True,
)
