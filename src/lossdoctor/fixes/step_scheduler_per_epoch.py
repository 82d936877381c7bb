"""Step the scheduler once an epoch instead of once a batch."""

from __future__ import annotations

from ..signs import Signs
from ..source import Edit, delete_line, enclosing_loop, insert_after, together
from .fix import Args, Fix
from .places import fragment
from .scheduling import scheduler_steps


def _edit(signs: Signs, args: Args) -> Edit | None:
    found = scheduler_steps(signs)
    if len(found) != 1:
        return None
    script, call = found[0].script, found[0]
    loops = enclosing_loop(script, call.line)
    if loops is None or loops.inner is loops.outer:
        return None
    return together(
        delete_line(script, call.line), insert_after(script, loops.inner.lineno, [script.segment(call.node)])
    )


def otherwise(signs: Signs, args: Args) -> str:
    code = ("for epoch in range(epochs):", "    for x, y in loader:", "        ...", "    scheduler.step()")
    return fragment("after the loop over batches, inside the one over epochs", *code)


FIX = Fix(
    id="step-scheduler-per-epoch",
    safety="safe",
    title=lambda signs, args: "step the scheduler once an epoch, not once a batch",
    edit=_edit,
    otherwise=otherwise,
)
