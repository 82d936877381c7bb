"""A lower learning rate."""

from __future__ import annotations

from .fix import Fix
from .rates import rate_snippet, rate_title

FIX = Fix(
    id="lower-lr",
    safety="safe",
    title=lambda signs, args: rate_title(signs, args, "lower", 0.1),
    snippet=lambda signs, args: rate_snippet(signs, args, 0.1),
    live=True,
)
