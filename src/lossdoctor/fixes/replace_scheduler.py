"""A schedule that lasts for the whole run."""

from __future__ import annotations

import ast

from ..signs import Signs
from ..source import Edit, calls, enclosing_loop, replace_node
from ..source.locate import SCHEDULERS, LoopNode, scope, spelled
from .fix import Args, Fix
from .places import fragment, named_calls, one
from .scheduling import scheduler_steps
from .train_longer import stop_of

TAKES_NUMBERS = ("StepLR", "MultiStepLR", "ExponentialLR", "LambdaLR", "MultiplicativeLR", "LinearLR", "PolynomialLR", "CosineAnnealingLR")


def _rounds(loop: LoopNode) -> str | None:
    """How often a loop goes round, as text: `range(EPOCHS)`, `train_loader`."""
    stop = stop_of(loop)
    if stop is not None:
        return ast.unparse(stop) if isinstance(stop, ast.Name | ast.Constant | ast.Attribute) else None
    read = loop.iter if isinstance(loop, ast.For | ast.AsyncFor) else None
    return f"len({read.id})" if isinstance(read, ast.Name) else None


def _edit(signs: Signs, args: Args) -> Edit | None:
    """Cosine annealing over as many steps as the scheduler is stepped."""
    built, stepped = one(named_calls(signs, SCHEDULERS)), scheduler_steps(signs)
    if built is None or len(stepped) != 1 or built.last not in TAKES_NUMBERS or not built.node.args:
        return None
    script, call = stepped[0].script, stepped[0]
    loops = enclosing_loop(script, call.line)
    if loops is None or script != built.script or scope(script, call.line) is not scope(script, built.line):
        return None
    rounds = [_rounds(loop) for loop in dict.fromkeys((loops.outer, loops.inner))]
    known = {n.id for n in ast.walk(script.tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store) and n.lineno < built.line}
    named = [n for r in rounds if r is not None for n in ast.walk(ast.parse(r)) if isinstance(n, ast.Name) and n.id != "len"]
    spelling = spelled(script, "torch.optim.lr_scheduler.CosineAnnealingLR")
    if None in rounds or spelling is None or any(n.id not in known for n in named) or calls(script, ("SequentialLR",)):
        return None
    times = " * ".join(r for r in rounds if r is not None)
    return replace_node(script, built.node, f"{spelling}({built.args[0]}, T_max={times})")


FIX = Fix(
    id="replace-scheduler",
    safety="unsafe",
    title=lambda signs, args: "let the rate fall over the whole run (cosine annealing)",
    edit=_edit,
    otherwise=lambda signs, args: fragment(
        "where the scheduler is made; T_max is how often it is stepped",
        "scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=epochs)",
    ),
)
