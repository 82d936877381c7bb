"""Keep the learning rate where it starts."""

from __future__ import annotations

from ..signs import Signs
from ..source import Edit, delete_line, together
from ..words import short
from .fix import Args, Fix
from .places import finite, fragment, said
from .scheduling import scheduler_steps


def _edit(signs: Signs, args: Args) -> Edit | None:
    found = scheduler_steps(signs)
    if not found or any(c.script != found[0].script for c in found):
        return None
    return together(*(delete_line(c.script, c.line) for c in found))


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
