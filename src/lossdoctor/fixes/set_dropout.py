"""Less dropout."""

from __future__ import annotations

from ..signs import Signs
from ..source import Change, Edit, across, argument, origin, replace_node
from ..source.locate import RECURRENT
from ..words import short
from .fix import Args, Fix
from .places import code, finite, fragment, named_calls, said
from .settings import settle

DROPOUTS = ("nn.Dropout", "nn.Dropout1d", "nn.Dropout2d", "nn.AlphaDropout")


def wanted(args: Args) -> float:
    given = finite(args.get("p"))
    return 0.0 if given is None else given


def _edit(signs: Signs, args: Args) -> Change | None:
    new = wanted(args)
    spots = [(c, "p") for c in named_calls(signs, DROPOUTS)]
    spots += [(c, "dropout") for c in named_calls(signs, [f"nn.{n}" for n in RECURRENT[:3]])]
    edits: dict[tuple[str, int, int], Edit | None] = {}
    for call, key in spots:
        given = argument(call, key)
        found = origin(call.script, given)
        if given is not None and found is None:
            changed = settle(call.script, given, code(new)) or replace_node(call.script, given, code(new))
            if changed is None:
                return None
            edits[call.script.file, changed.spans[0][0], -1] = changed
        if found is not None and found.value > new:
            edits[found.script.file, found.line, found.node.col_offset] = replace_node(found.script, found.node, code(new))
        if given is None and key == "p" and new < 0.5:
            return None
    return across(*edits.values())


FIX = Fix(
    id="set-dropout",
    safety="safe",
    title=lambda signs, args: said(lambda: f"set dropout to {short(wanted(args))}", "lower the dropout"),
    edit=_edit,
    otherwise=lambda signs, args: fragment("where the layers are made", f"nn.Dropout({code(wanted(args))})"),
    live=True,
)
