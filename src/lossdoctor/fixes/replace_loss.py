"""A loss that fits the targets."""

from __future__ import annotations

import ast

import numpy as np

from ..signs import Signs
from ..source import Edit, replace_node
from ..source.locate import all_calls, scope, spelled, within
from .fix import Args, Fix
from .head import CRITERIA, criterion_made
from .places import at, fragment, said

CLASSES = {cls: fn for fn, cls in CRITERIA.items()}


MOST_CLASSES = 64


def wanted(signs: Signs, args: Args) -> str | None:
    """The class of the loss to use: as given, else as the targets ask for it."""
    if "to" in args:
        given = str(args["to"])
        return CRITERIA.get(given, given)
    term, targets = signs.loss.term, signs.fed.targets
    if term is None:
        return None
    if term.fn in ("cross_entropy", "nll_loss"):
        return "BCEWithLogitsLoss" if term.input_shape[1:2] == (1,) else None
    if targets is None or not targets.size:
        return None
    values, counts = np.unique(targets[np.isfinite(targets)], return_counts=True)
    if term.fn == "l1_loss" and counts.max(initial=0) > 0.5 * counts.sum():
        return "MSELoss"  # The least absolute error is the median: one value, where half of the targets are it.
    fewest = 3 if signs.fed.is_binary else 2
    whole = fewest <= len(values) <= MOST_CLASSES and bool((values == values.round()).all())
    return "CrossEntropyLoss" if whole else None


def _made_elsewhere(signs: Signs, cls: str) -> Edit | None:
    """`loss_fn = LOSSES[settings["loss"]]()`, called under that name in training."""
    term = signs.loss.term
    place = at(signs, signs.wiring.site(term.site)) if term is not None and term.site >= 0 else None
    spelling = spelled(place[0], f"torch.nn.{cls}") if place is not None else None
    if place is None or spelling is None:
        return None
    script, line = place
    used = {c.name for c in all_calls(script) if c.line <= line <= c.end_line and len(c.node.args) == 2}
    made = [
        n for n in within(scope(script, line))
        if isinstance(n, ast.Assign) and len(n.targets) == 1 and script.segment(n.value) and isinstance(n.value, ast.Call)
        and ast.unparse(n.targets[0]) in used and n.lineno < line
    ]  # fmt: skip
    return replace_node(script, made[0].value, f"{spelling}()") if len(made) == 1 else None


def _edit(signs: Signs, args: Args) -> Edit | None:
    call, cls = criterion_made(signs), wanted(signs, args)
    if cls is None or cls not in CLASSES:
        return None
    term = signs.loss.term
    if cls == "CrossEntropyLoss" and term is not None and len(term.input_shape) != len(term.target_shape) + 1:
        return None  # It takes a score for each class: the head has to change as well.
    if call is None:
        return _made_elsewhere(signs, cls)
    new = cls if call.last in CLASSES else CLASSES[cls]
    if call.last == new:
        return None
    home = "torch.nn" if new == cls else "torch.nn.functional"
    spelling = f"{call.owner}.{new}" if call.owner else spelled(call.script, f"{home}.{new}")
    return None if spelling is None else replace_node(call.script, call.node.func, spelling)


def title(signs: Signs, args: Args) -> str:
    def words() -> str:
        term, new = signs.loss.term, wanted(signs, args) or "CrossEntropyLoss"
        old = CRITERIA.get(term.fn, "") if term is not None else ""
        return f"use {new}" + (f" instead of {old}" if old and old != new else "")

    return said(words, "use a loss that fits the targets")


def otherwise(signs: Signs, args: Args) -> str:
    name = said(lambda: wanted(signs, args) or "", "") or "CrossEntropyLoss"
    return fragment("where the loss is made", f"criterion = nn.{name}()")


FIX = Fix(
    id="replace-loss",
    safety="unsafe",
    title=title,
    edit=_edit,
    otherwise=otherwise,
    fits=lambda signs, args: wanted(signs, args) is not None,
)
