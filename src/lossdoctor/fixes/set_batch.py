"""Another batch size."""

from __future__ import annotations

from ..signs import Signs
from ..source import Call, Edit
from ..words import short
from .fix import Args, Fix
from .numbers import change, source_of
from .places import finite, fragment, named_calls, one, said


def size(args: Args) -> int:
    return int(finite(args.get("size")) or 32)


def _loader(signs: Signs) -> Call | None:
    found = named_calls(signs, ["DataLoader"])
    shuffled = [c for c in found if "shuffle" in c.keywords]
    return one(found) or one(shuffled)


def _edit(signs: Signs, args: Args) -> Edit | None:
    return change(_loader(signs), "batch_size", size(args))


def title(signs: Signs, args: Args) -> str:
    def words() -> str:
        found = source_of(_loader(signs), "batch_size")
        return f"use batches of {size(args)}" + (f" instead of {short(int(found.value))}" if found else "")

    return said(words, f"use batches of {size(args)}")


def otherwise(signs: Signs, args: Args) -> str:
    line = f"loader = DataLoader(dataset, batch_size={size(args)}, shuffle=True)"
    return fragment("where the batches are made", line)


FIX = Fix(id="set-batch", safety="safe", title=title, edit=_edit, otherwise=otherwise, live=True)
