"""A higher learning rate."""

from __future__ import annotations

from .fix import Fix
from .rates import rate_snippet, rate_title

FIX = Fix(
    id="raise-lr",
    safety="safe",
    title=lambda signs, args: rate_title(signs, args, "raise", 10.0),
    snippet=lambda signs, args: rate_snippet(signs, args, 10.0),
    live=True,
)
