"""Fewer recurrent layers."""

from __future__ import annotations

from ..signs import Signs
from ..source import Edit
from ..words import short
from .fix import Args, Fix
from .numbers import change, source_of
from .places import finite, fragment, recurrent_call, said


def layers(args: Args) -> int:
    return int(finite(args.get("layers")) or 1)


def _edit(signs: Signs, args: Args) -> Edit | None:
    return change(recurrent_call(signs), "num_layers", layers(args), whole=True)


def title(signs: Signs, args: Args) -> str:
    def words() -> str:
        found = source_of(recurrent_call(signs), "num_layers")
        return f"use {layers(args)} recurrent layer" + (f" instead of {short(int(found.value))}" if found else "")

    return said(words, "use one recurrent layer")


def otherwise(signs: Signs, args: Args) -> str:
    line = f"nn.LSTM(input_size, hidden_size, num_layers={layers(args)}, batch_first=True)"
    return fragment("where the recurrent layers are made", line)


FIX = Fix(id="shallower", safety="unsafe", title=title, edit=_edit, otherwise=otherwise, live=True)
