"""Another weight for a term of the loss."""

from __future__ import annotations

from .fix import Fix
from .places import fragment

FIX = Fix(
    id="weigh-loss-term",
    safety="shown",
    title=lambda signs, args: "give the other terms of the loss a smaller weight",
    otherwise=lambda signs, args: fragment(
        "where the terms of the loss are added up; log them apart, and raise the weight slowly", "loss = error + 0.001 * penalty"
    ),
    live=True,
)
