"""A gated cell instead of a plain one."""

from __future__ import annotations

from ..signs import Signs
from ..source import Edit, drop_keyword, replace_node, together
from ..source.locate import spelled
from .fix import Args, Fix
from .places import fragment, recurrent_call


def wanted(args: Args) -> str:
    name = str(args.get("cell", "GRU"))
    return name if name in ("GRU", "LSTM", "RNN") else "GRU"


def _edit(signs: Signs, args: Args) -> Edit | None:
    call = recurrent_call(signs, ("RNN", "GRU", "LSTM", "RNNCell", "GRUCell", "LSTMCell"))
    if call is None:
        return None
    new = wanted(args) + ("Cell" if call.last.endswith("Cell") else "")
    if "LSTM" in (wanted(args), call.last.removesuffix("Cell")):
        return None  # An LSTM's state is a pair: what uses the state has to change with it.
    spelling = f"{call.owner}.{new}" if call.owner else spelled(call.script, f"torch.nn.{new}")
    if spelling is None or call.last == new:
        return None
    named = replace_node(call.script, call.node.func, spelling)
    if "nonlinearity" not in call.keywords:
        return named
    return together(named, drop_keyword(call.script, call, "nonlinearity"))


def otherwise(signs: Signs, args: Args) -> str:
    line = f"nn.{wanted(args)}(input_size, hidden_size, batch_first=True)"
    return fragment("where the recurrent layer is made", line)


FIX = Fix(
    id="swap-cell",
    safety="unsafe",
    title=lambda signs, args: f"use {wanted(args)} cells, whose gates keep a memory",
    edit=_edit,
    otherwise=otherwise,
)
