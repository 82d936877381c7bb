"""Cut a carried state off from the graph of the batch before."""

from __future__ import annotations

from ..signs import Signs
from ..source import Edit, calls, drop_keyword, insert_after, insert_before, together
from .carried import carried_state, is_pair
from .fix import Args, Fix
from .places import backward, fragment


def _edit(signs: Signs, args: Args) -> Edit | None:
    state, place = carried_state(signs), backward(signs)
    if state is None:
        return None
    pair = len(state.names) == 1 and is_pair(signs)
    if len(state.names) == 1 and pair is None:
        return None
    name = state.names[0]
    if len(state.names) > 1:
        code = f"{', '.join(state.names)} = {', '.join(f'{n}.detach()' for n in state.names)}"
    elif pair:
        code = f"{name} = tuple(part.detach() for part in {name})"
    else:
        code = f"{name} = {name}.detach()"
    if state.in_module:
        return insert_before(state.script, state.statement.lineno, [f"if {name} is not None:", f"    {code}"])
    if place is None or place[0] != state.script:
        return None
    script, line = place
    added = insert_after(script, line, [code])
    retained = [c for c in calls(script, ("backward",)) if c.line == line and c.keywords.get("retain_graph") == "True"]
    return together(added, drop_keyword(script, retained[0], "retain_graph")) if retained else added


def otherwise(signs: Signs, args: Args) -> str:
    code = ("hidden = tuple(part.detach() for part in hidden)  # a GRU's or RNN's: hidden.detach()",)
    return fragment("after the backward pass, before the next batch", *code)


FIX = Fix(
    id="detach-state",
    safety="safe",
    title=lambda signs, args: "detach the carried state before the next batch",
    edit=_edit,
    otherwise=otherwise,
)
