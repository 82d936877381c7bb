"""More hidden units."""

from __future__ import annotations

import ast

from ..signs import Signs
from ..signs.net import hidden_sizes
from ..source import Edit, Origin, argument, calls, origin, replace_node, together
from ..source.locate import RECURRENT, enclosing_class
from ..words import short
from .fix import Args, Fix
from .numbers import source_of
from .places import finite, fragment, recurrent_call, said
from .settings import settle

TIMES, LEAST, FEWEST = 4.0, 32, 4
"""As the what-if has them."""


def new_size(signs: Signs, args: Args) -> int | None:
    """Hidden units that the layer should have; None where nobody can say what it has now."""
    given = finite(args.get("hidden", args.get("hidden_size")))
    if given is not None:
        return int(given)
    found = source_of(recurrent_call(signs, RECURRENT), "hidden_size")
    seen = found.value if found is not None else next(iter(hidden_sizes(signs)), None)
    times = finite(args.get("factor")) or TIMES
    return max(int(seen * times), LEAST if times > 1 else FEWEST) if seen is not None else None


def _edit(signs: Signs, args: Args) -> Edit | None:
    call, new = recurrent_call(signs, RECURRENT), new_size(signs, args)
    found = source_of(call, "hidden_size")
    if call is None or new is None:
        return None
    given = argument(call, "hidden_size")
    if found is None:
        return settle(call.script, given, str(new)) if given is not None else None
    if found.node is not given:
        return replace_node(found.script, found.node, str(new))  # A name that all layers share.
    cls = enclosing_class(call.script, call.line)
    fed: list[Origin] = []
    if not call.last.endswith("Cell") and "bidirectional" not in call.keywords and "proj_size" not in call.keywords:
        for linear in calls(call.script, ("Linear", "LayerNorm", "BatchNorm1d")):
            first = linear.node.args[0] if linear.node.args else None
            at = origin(call.script, argument(linear, "in_features") if linear.last == "Linear" else first)
            if enclosing_class(call.script, linear.line) is cls and at is not None and at.value == found.value:
                fed.append(at)
    if len(fed) != 1 or fed[0].node not in set(ast.walk(call.script.tree)):
        return None
    return together(replace_node(call.script, found.node, str(new)), replace_node(call.script, fed[0].node, str(new)))


def title(signs: Signs, args: Args) -> str:
    def words() -> str:
        new, found = new_size(signs, args), source_of(recurrent_call(signs, RECURRENT), "hidden_size")
        if new is None:
            return "give the recurrent layer more hidden units"
        return f"use {short(new)} hidden units" + (f" instead of {short(int(found.value))}" if found else "")

    return said(words, "give the recurrent layer more hidden units")


def otherwise(signs: Signs, args: Args) -> str:
    size = said(lambda: str(new_size(signs, args) or 64), "64")
    line = f"nn.LSTM(input_size, {size}, batch_first=True)  # and what takes its output: nn.Linear({size}, ...)"
    return fragment("where the recurrent layer is made", line)


FIX = Fix(id="widen", safety="unsafe", title=title, edit=_edit, otherwise=otherwise, live=True)
