"""Let the clip cut spikes alone."""

from __future__ import annotations

import math

import numpy as np

from ..signs import Signs
from ..source import Call, Edit, delete_line
from ..words import short
from .fix import Args, Fix
from .numbers import change, source_of
from .places import call_at, code, finite, fragment, named_calls, one, places, said

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


def _edit(signs: Signs, args: Args) -> Edit | None:
    call, new = clip_call(signs), new_limit(signs, args)
    if call is None:
        return None
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
