"""The one loss of a script is negated before backward, or its optimizer maximises it: the loss is climbed.

Silent unless the loss is torch's own (a distance to the targets, never wanted large), the script has one backward pass
and one optimizer, and its text speaks of nothing that is played against something else (an attack, a discriminator).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from ...source.diff import replace_node
from ...source.locate import dotted
from ..check import Alarm, Check
from ..facts import Facts, owner
from ..reach import reaching
from ..training import loss_kind, plain_backwards, steps
from ..values import constructors

_AGAINST = re.compile(
    r"advers|attack|revers|ascent|unlearn|maximi[sz]|\bgan\b|discrimin|critic|generator|perturb|confus|forget|domain|saliency", re.IGNORECASE
)


def look(facts: Facts) -> Iterator[Alarm]:
    passes, stepped = plain_backwards(facts), steps(facts)
    if len(passes) != 1 or len({dotted(s.optimizer) for s in stepped}) != 1:
        return
    made = constructors(facts, stepped[0].optimizer)
    text = facts.script.text.replace("maximize=True", "")
    climbs = [k.value for c in made for k in c.keywords if k.arg == "maximize" and getattr(k.value, "value", None) is True]
    if 0 < len(climbs) < len(made):
        return
    negation = _negation(facts, owner(passes[0]))
    if _AGAINST.search(text) or bool(climbs) == (negation is not None):
        return
    if negation is not None:
        edit = replace_node(facts.script, negation, facts.script.segment(negation.operand))
        yield Alarm(negation, "The loss is negated, so the steps make it larger. Take the minus away.", edit=edit, title="take the minus away")
    elif _plain(facts, owner(passes[0])):
        yield Alarm(climbs[0], "The optimizer maximises the loss, a distance to the targets. Take `maximize=True` away.")


def _negation(facts: Facts, node: ast.expr | None, depth: int = 5) -> ast.UnaryOp | None:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return node if _plain(facts, node.operand) else None
    inside = _behind(facts, node)
    return _negation(facts, inside, depth - 1) if inside is not None and depth else None


def _plain(facts: Facts, node: ast.expr | None, depth: int = 5) -> bool:
    """Is it one of torch's losses as it is?"""
    if isinstance(node, ast.Call) and loss_kind(facts, node) is not None:
        return True
    inside = _behind(facts, node)
    return inside is not None and depth > 0 and _plain(facts, inside, depth - 1)


def _behind(facts: Facts, node: ast.expr | None) -> ast.expr | None:
    """What a name stands for; `loss` in `loss.mean()`."""
    if isinstance(node, ast.Name):
        reached = reaching(facts, node)
        return reached.binding.value if reached is not None and reached.binding.how == "value" else None
    if isinstance(node, ast.Call) and not node.args and isinstance(node.func, ast.Attribute) and node.func.attr in ("mean", "sum"):
        return node.func.value
    return None


CHECK = Check("wrong-sign", "climbed-loss", look, ("backward",))
