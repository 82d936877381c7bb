"""A higher learning rate."""

from __future__ import annotations

from .fix import Fix
from .rates import rate_edit, rate_fragment, rate_title

FIX = Fix(
    id="raise-lr",
    safety="safe",
    title=lambda signs, args: rate_title(signs, args, "raise", 10.0),
    edit=lambda signs, args: rate_edit(signs, args, 10.0),
    otherwise=lambda signs, args: rate_fragment(signs, args, 10.0),
    live=True,
)
