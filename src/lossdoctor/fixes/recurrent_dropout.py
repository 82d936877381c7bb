"""Dropout between stacked recurrent layers."""

from __future__ import annotations

from ..signs import Signs
from ..signs.net import dropouts, recurrent_layers
from ..source import Edit, argument
from ..words import short
from .fix import Args, Fix
from .numbers import change, source_of
from .places import code, finite, fragment, recurrent_call


def share(args: Args) -> float:
    given = finite(args.get("p"))
    return 0.3 if given is None else given


def _edit(signs: Signs, args: Args) -> Edit | None:
    call = recurrent_call(signs)
    layers = source_of(call, "num_layers")
    seen = max((c.layers for c in signs.wiring.calls), default=0)
    if call is None or (layers.value if layers is not None else seen) < 2:
        return None  # PyTorch puts it behind every layer but the last: it does nothing in a single one.
    if argument(call, "dropout") is not None and source_of(call, "dropout") is None:
        return None
    return change(call, "dropout", share(args))


FIX = Fix(
    id="recurrent-dropout",
    safety="safe",
    title=lambda signs, args: f"drop {short(100 * share(args))} % of what one recurrent layer gives the next",
    edit=_edit,
    otherwise=lambda signs, args: fragment(
        "where the recurrent layers are made", f"nn.LSTM(input_size, hidden_size, num_layers=2, dropout={code(share(args))})"
    ),
    fits=lambda signs, args: recurrent_layers(signs) >= 2 and not dropouts(signs),
)
