"""Compute features from what is known at the time."""

from __future__ import annotations

import ast

from ..signs import Signs
from ..source import Edit, calls, set_keyword
from .fix import Args, Fix
from .places import fragment, scripts


def _edit(signs: Signs, args: Args) -> Edit | None:
    """The one rolling window that is centred."""
    found = [
        (script, call) for script in scripts(signs) for call in calls(script, ("rolling",))
        if call.keywords.get("center") == "True"
    ]  # fmt: skip
    if len(found) != 1 or not isinstance(found[0][1].node, ast.Call):
        return None
    script, call = found[0]
    return set_keyword(script, call, "center", "False")


FIX = Fix(
    id="drop-leak",
    safety="unsafe",
    title=lambda signs, args: "compute every feature from rows that are known at that time",
    edit=_edit,
    otherwise=lambda signs, args: fragment(
        "where the features are computed", "smooth = series.rolling(3).mean()  # not center=True, no shift(-1)"
    ),
)
