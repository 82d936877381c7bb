"""A lower learning rate."""

from __future__ import annotations

from .fix import Fix
from .rates import rate_edit, rate_fragment, rate_title

FIX = Fix(
    id="lower-lr",
    safety="safe",
    title=lambda signs, args: rate_title(signs, args, "lower", 0.1),
    edit=lambda signs, args: rate_edit(signs, args, 0.1),
    otherwise=lambda signs, args: rate_fragment(signs, args, 0.1),
    live=True,
)
