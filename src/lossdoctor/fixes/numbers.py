"""Changing a number of the user's: at the literal it comes from, or at the call that is given it."""

from __future__ import annotations

import math

from ..source import Call, Edit, Origin, argument, origin, replace_node, set_keyword
from ..source.values import starred
from .places import code


def source_of(call: Call | None, keyword: str) -> Origin | None:
    """The literal behind a call's argument."""
    if call is None:
        return None
    given = argument(call, keyword)
    return origin(call.script, given if given is not None else starred(call, keyword))


def change(
    call: Call | None, keyword: str, value: float, observed: float | None = None, whole: bool = False
) -> Edit | None:
    """Give a call's argument another value. The literal behind it is changed where it was in force (`observed`
    is what the run had, if known); else, and where there is none to be found, the call itself. `whole`: it is a count."""
    if call is None:
        return None
    found = source_of(call, keyword)
    text = str(int(value)) if whole or _whole(found, value) else code(value)
    if found is not None and (observed is None or math.isclose(found.value, observed, rel_tol=1e-4, abs_tol=1e-12)):
        return replace_node(found.script, found.node, text)
    if call.open_ended and argument(call, keyword) is None:
        return None  # `**settings` may hold it already.
    return set_keyword(call.script, call, keyword, text)


def _whole(found: Origin | None, value: float) -> bool:
    written = found is None or "." not in found.script.segment(found.node)
    return value == int(value) and ((abs(value) >= 2 and found is None) or (found is not None and written and value != 0))
