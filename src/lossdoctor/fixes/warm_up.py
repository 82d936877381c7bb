"""Let the learning rate rise over the first updates."""

from __future__ import annotations

from ..signs import Signs
from ..source import Edit, calls, insert_after, together
from ..source.locate import assigned_to, scope, spelled, statement_of
from ..words import short
from .fix import Args, Fix
from .places import finite, fragment, one, optimizer_call

STEPS = 100


def steps(signs: Signs, args: Args) -> int:
    """A tenth of the run's updates, at most STEPS."""
    given = finite(args.get("steps"))
    return int(given) if given is not None else max(5, min(STEPS, signs.updates // 10))


def _edit(signs: Signs, args: Args) -> Edit | None:
    built = optimizer_call(signs)
    if built is None or signs.step.schedulers:
        return None
    script, name, statement = built.script, assigned_to(built.script, built.node), statement_of(built.script, built.node)
    spelling = spelled(script, "torch.optim.lr_scheduler.LinearLR")
    stepped = one([c for c in calls(script, ("step",)) if c.owner == name])
    if name is None or statement is None or spelling is None or stepped is None:
        return None
    if scope(script, stepped.line) is not scope(script, built.line):
        return None
    return together(
        insert_after(
            script, statement.lineno, [f"warm_up = {spelling}({name}, start_factor=0.01, total_iters={steps(signs, args)})"]
        ),
        insert_after(script, stepped.line, ["warm_up.step()"]),
    )


FIX = Fix(
    id="warm-up",
    safety="unsafe",
    title=lambda signs, args: f"let the learning rate rise over the first {short(steps(signs, args))} updates",
    edit=_edit,
    otherwise=lambda signs, args: fragment(
        "after the optimizer is built, and after each of its steps: warm_up.step()",
        f"warm_up = torch.optim.lr_scheduler.LinearLR(optimizer, start_factor=0.01, total_iters={STEPS})",
    ),
    fits=lambda signs, args: not signs.step.schedulers and signs.step.optimizer is not None,
)
