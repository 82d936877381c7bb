"""A scheduler that is meant for epochs is stepped on every batch, or a plateau is judged on one batch's loss.

Silent for the schedulers that are made for batches (OneCycleLR, CyclicLR, warm restarts, LambdaLR ...), where there is
one loop only (its steps may be what is counted), where the step is conditional, and where the numbers that say how
fast the rate falls are no literals, or leave something of it after a hundred batches.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...source.locate import Call
from ...source.values import argument, origin
from ...words.finding import Severity
from ..check import Alarm, Check
from ..facts import Facts, owner
from ..reach import reaching
from ..training import loss_kind, plain_backwards
from ..values import constructors

GONE = 0.01
"""Share of the rate that is left after a hundred batches, below which the training has ended."""
BATCHES = 100


def look(facts: Facts) -> Iterator[Alarm]:
    passes = [facts.loops(b) for b in plain_backwards(facts)]
    for call in facts.calls.get("step", []):
        who = owner(call)
        loops = facts.loops(call)
        if who is None or len(loops) < 2 or facts.conditional(call, loops[0]) or not any(p and p[0] is loops[0] for p in passes):
            continue
        made = constructors(facts, who)
        if len(made) != 1 or not facts.full(made[0].func).startswith("torch.optim.lr_scheduler."):
            continue
        found = _plateau(facts, call, made[0]) or _gone(facts, made[0])
        if found is not None:
            name = facts.script.segment(who)
            yield Alarm(call, f"`{name}` is stepped on every batch: {found[1]}. Step it once an epoch, after the batches.", found[0])


def _plateau(facts: Facts, call: ast.Call, made: ast.Call) -> tuple[Severity, str] | None:
    if not facts.full(made.func).endswith(".ReduceLROnPlateau") or not call.args:
        return None
    value = call.args[0]
    while isinstance(value, ast.Call) and owner(value) is not None and not value.args:
        value = owner(value) or value
    reached = reaching(facts, value) if isinstance(value, ast.Name) else None
    loss = reached.binding.value if reached is not None and reached.binding.how == "value" else None
    if isinstance(loss, ast.Call) and loss_kind(facts, loss) is not None:
        return "warning", "one batch's loss is noise, which it takes for a plateau, and the rate falls for nothing"
    return None


def _gone(facts: Facts, made: ast.Call) -> tuple[Severity, str] | None:
    """How the rate falls, where the text says so."""
    name = facts.full(made.func).rpartition(".")[2]
    if name not in ("StepLR", "ExponentialLR"):
        return None
    call = Call(facts.script, made, name, name)
    gamma = origin(facts.script, argument(call, "gamma"))
    size = origin(facts.script, argument(call, "step_size")) if name == "StepLR" else None
    factor = gamma.value if gamma is not None else (0.1 if name == "StepLR" and argument(call, "gamma") is None else None)
    every = 1.0 if name == "ExponentialLR" else (size.value if size is not None else None)
    if factor is None or every is None or not 0 < factor < 1 or every < 1:
        return None
    left = factor ** (BATCHES // every)
    if left > GONE:
        return None
    severity: Severity = "error" if left < GONE**2 else "warning"
    return severity, f"after {BATCHES} of them {left:.1g} of the rate is left"


CHECK = Check("scheduler-kills-lr", "rate-per-batch", look, ("lr_scheduler", "StepLR", "ExponentialLR", "ReduceLROnPlateau"))
