"""Tell the recurrent layer which axis is the batch."""

from __future__ import annotations

from ..signs import Signs
from ..source import Edit, set_keyword
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
    return None if call is None else set_keyword(call.script, call, "batch_first", str(wanted(signs, args)))


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
