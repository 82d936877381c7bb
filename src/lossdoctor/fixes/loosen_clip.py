"""Let the clip cut spikes alone."""

from __future__ import annotations

import ast
import math

import numpy as np

from ..signs import Signs
from ..source import Call, Edit, delete_line, origin, replace_node
from ..source.locate import block_of, dotted, statement_at
from ..words import short
from .fix import Args, Fix
from .numbers import change, source_of
from .places import backward, call_at, code, finite, fragment, named_calls, one, places, said

NAMES = ("clip_grad_norm_", "clip_grad_value_")
SPARE = 2.0
"""The new limit stands this far above the norms of nine updates in ten, so that spikes alone are cut."""


def clip_call(signs: Signs) -> Call | None:
    seen = [call for place in places(signs, "clip") if (call := call_at(place, NAMES)) is not None]
    unique = {(c.script.file, c.line): c for c in seen}
    return one(list(unique.values())) if unique else one(named_calls(signs, NAMES))


def _key(call: Call | None) -> str:
    return "clip_value" if call is not None and call.last == "clip_grad_value_" else "max_norm"


def new_limit(signs: Signs, args: Args) -> float | None:
    given = finite(args.get("max_norm"))
    if given is not None:
        return given
    norms = signs.step.clip_total[np.isfinite(signs.step.clip_total)]
    if not norms.size:
        return None
    high = SPARE * float(np.quantile(norms, 0.9))
    return float(f"{high:.1g}") if high > 0 else None


def old_limit(signs: Signs) -> float | None:
    limits = signs.step.clip_max[np.isfinite(signs.step.clip_max)]
    if limits.size:
        return float(np.median(limits))
    call = clip_call(signs)
    found = source_of(call, _key(call))
    return found.value if found is not None else None


def _by_hand(signs: Signs) -> Edit | None:
    """The limit that the script's own function is given after the backward pass: none, as it was tried. What the norms
    are before such a clip is not known."""
    place = backward(signs)
    start = statement_at(*place) if place is not None else None
    if place is None or start is None:
        return None
    script = place[0]
    block = block_of(script, start)
    own = {
        n.name for n in ast.walk(script.tree)
        if isinstance(n, ast.FunctionDef) and any(isinstance(a, ast.AugAssign) and ".grad" in ast.unparse(a.target) for a in ast.walk(n))
    }  # fmt: skip
    spots = [
        found for s in block[block.index(start) + 1 :] if isinstance(s, ast.Expr | ast.Assign) and isinstance(s.value, ast.Call)
        and dotted(s.value.func) in own for a in s.value.args if (found := origin(script, a)) is not None
    ]  # fmt: skip
    if len(spots) != 1:
        return None
    return replace_node(spots[0].script, spots[0].node, "1e9" if spots[0].script.plain else 'float("inf")')


def _edit(signs: Signs, args: Args) -> Edit | None:
    call, new = clip_call(signs), new_limit(signs, args)
    if call is None:
        return _by_hand(signs)
    if new is None or _key(call) == "clip_value":
        return delete_line(call.script, call.line)
    return change(call, _key(call), new, old_limit(signs))


def title(signs: Signs, args: Args) -> str:
    def words() -> str:
        old, new = old_limit(signs), new_limit(signs, args)
        if new is None or math.isinf(new):
            return bare
        return f"{bare} from {short(old)} to {short(new)}" if old is not None else f"{bare} to {short(new)}"

    bare = "loosen the gradient clip"
    return said(words, bare)


def otherwise(signs: Signs, args: Args) -> str:
    norm = said(lambda: code(new_limit(signs, args) or 10.0), "10.0")
    line = f"torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm={norm})"
    return fragment("where the gradient is clipped, a higher limit", line)


FIX = Fix(id="loosen-clip", safety="safe", title=title, edit=_edit, otherwise=otherwise, live=True)
