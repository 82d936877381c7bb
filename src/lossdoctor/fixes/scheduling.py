"""The calls that step a learning rate's scheduler."""

from __future__ import annotations

import ast
import re

from ..signs import Signs
from ..source import Call, calls, scheduler_name
from ..source.locate import SCHEDULERS, assigned_to, statement_of
from .places import call_at, places, scripts


def scheduler_steps(signs: Signs) -> list[Call]:
    """Statements that step a scheduler: where the run was seen to step one, else what the text shows."""
    seen = [call for place in places(signs, "scheduler") if (call := call_at(place, ("step",))) is not None]
    if not seen:
        for script in scripts(signs):
            built = {assigned_to(script, c.node) for c in calls(script, SCHEDULERS)} | {scheduler_name(script)}
            seen.extend(
                c for c in calls(script, ("step",))
                if c.owner in built or re.search(r"sched", c.owner, re.IGNORECASE)
            )  # fmt: skip
    return [c for c in seen if isinstance(statement_of(c.script, c.node), ast.Expr)]
