"""Keep the learning rate where it starts."""

from __future__ import annotations

import ast

import numpy as np

from ..signs import Signs
from ..source import Edit, together
from ..source.diff import delete_statement
from ..source.locate import enclosing_loop, statement_of
from ..words import short
from .fix import Args, Fix
from .places import backward, finite, fragment, said
from .scheduling import scheduler_steps, set_by_hand


def _edit(signs: Signs, args: Args) -> Edit | None:
    steps = [(c.script, s) for c in scheduler_steps(signs) if (s := statement_of(c.script, c.node)) is not None]
    found = [*steps, *set_by_hand(signs)]
    if found and set_by_hand(signs) and _at_each_update(signs):
        place = backward(signs)
        loops = enclosing_loop(*place) if place is not None else None
        found = [(c, s) for c, s in found if loops is not None and any(n is s for n in ast.walk(loops.inner))] or found
    if not found or any(script != found[0][0] for script, _ in found):
        return None
    return together(*(delete_statement(script, statement) for script, statement in found))


def _at_each_update(signs: Signs) -> bool:
    """Does the rate change from update to update, rather than now and then?"""
    rates = signs.step.lr[np.isfinite(signs.step.lr)]
    return len(rates) > 2 and float(np.mean(np.diff(rates) != 0)) > 0.5


def title(signs: Signs, args: Args) -> str:
    def words() -> str:
        peak, end = finite(signs.step.lr_peak), finite(signs.step.lr_end)
        if peak is None or end is None or not end < peak:
            return bare
        return f"{bare}: keep {short(peak)} instead of falling to {short(end)}"

    bare = "drop the scheduler"
    return said(words, bare)


FIX = Fix(
    id="drop-scheduler",
    safety="safe",
    title=title,
    edit=_edit,
    otherwise=lambda signs, args: fragment("in the training loop: without the line", "# scheduler.step()"),
    live=True,
)
