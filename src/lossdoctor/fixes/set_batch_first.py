"""Tell the recurrent layer which axis is the batch."""

from __future__ import annotations

from ..signs import Signs
from ..source import Edit, insert_after, set_keyword
from ..source.locate import assigned_to, statement_of
from .fix import Args, Fix
from .places import fragment, recurrent_call, said


def wanted(signs: Signs, args: Args) -> bool:
    given = args.get("value")
    if isinstance(given, bool):
        return given
    seen = {c.batch_first for c in signs.wiring.calls}
    return seen != {True}


def _edit(signs: Signs, args: Args) -> Edit | None:
    call = recurrent_call(signs)
    if call is None:
        return None
    value = str(wanted(signs, args))
    name, statement = assigned_to(call.script, call.node), statement_of(call.script, call.node)
    if call.open_ended and "batch_first" not in call.keywords and name is not None and statement is not None:
        return insert_after(call.script, statement.lineno, [f"{name}.batch_first = {value}"])
    return set_keyword(call.script, call, "batch_first", value)


def otherwise(signs: Signs, args: Args) -> str:
    value = said(lambda: str(wanted(signs, args)), "True")
    line = f"nn.LSTM(input_size, hidden_size, batch_first={value})"
    return fragment("where the recurrent layer is made", line)


FIX = Fix(
    id="set-batch-first",
    safety="unsafe",
    title=lambda signs, args: said(
        lambda: f"set batch_first={wanted(signs, args)} at the recurrent layer", "set batch_first at the recurrent layer"
    ),
    edit=_edit,
    otherwise=otherwise,
)
