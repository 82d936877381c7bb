"""A loss that fits the targets."""

from __future__ import annotations

from ..signs import Signs
from ..source import Edit, replace_node
from ..source.locate import spelled
from .fix import Args, Fix
from .head import CRITERIA, criterion_made
from .places import fragment, said

CLASSES = {cls: fn for fn, cls in CRITERIA.items()}


def wanted(args: Args) -> str:
    """The class of the loss to use."""
    given = str(args.get("to", "CrossEntropyLoss"))
    return CRITERIA.get(given, given)


def _edit(signs: Signs, args: Args) -> Edit | None:
    call, cls = criterion_made(signs), wanted(args)
    if call is None or cls not in CLASSES:
        return None
    new = cls if call.last in CLASSES else CLASSES[cls]
    if call.last == new:
        return None
    home = "torch.nn" if new == cls else "torch.nn.functional"
    spelling = f"{call.owner}.{new}" if call.owner else spelled(call.script, f"{home}.{new}")
    return None if spelling is None else replace_node(call.script, call.node.func, spelling)


def title(signs: Signs, args: Args) -> str:
    def words() -> str:
        term = signs.loss.term
        old = CRITERIA.get(term.fn, "") if term is not None else ""
        return f"use {wanted(args)}" + (f" instead of {old}" if old and old != wanted(args) else "")

    return said(words, f"use {wanted(args)}")


FIX = Fix(
    id="replace-loss",
    safety="unsafe",
    title=title,
    edit=_edit,
    otherwise=lambda signs, args: fragment("where the loss is made", f"criterion = nn.{wanted(args)}()"),
)
