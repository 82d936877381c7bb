"""Start every unrelated sequence with a fresh state."""

from __future__ import annotations

import ast

from ..signs import Signs
from ..source import Edit, insert_before, replace_node
from ..source.locate import assigned_to, dotted, scope, within
from .carried import carried_state
from .ends import forward_of
from .fix import Args, Fix
from .places import fragment, recurrent_call


def _not_given(signs: Signs) -> Edit | None:
    """`self.lstm(x, self.state)` of a model that keeps its state: called without it, the layer starts afresh."""
    place = forward_of(signs)
    call = recurrent_call(signs)
    if place is None or call is None or call.script != place[0]:
        return None
    script, function = place
    layer = assigned_to(script, call.node)
    found = [
        n for n in within(function)
        if isinstance(n, ast.Call) and script.segment(n.func) == layer and len(n.args) == 2 and not n.keywords
        and dotted(n.args[1]).startswith("self.")
    ]  # fmt: skip
    if len(found) != 1:
        return None
    return replace_node(script, found[0], f"{script.segment(found[0].func)}({script.segment(found[0].args[0])})")


def _edit(signs: Signs, args: Args) -> Edit | None:
    state = carried_state(signs)
    if state is None:
        return _not_given(signs)
    if len(state.names) != 1:
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
