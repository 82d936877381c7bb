"""Axes moved, not cut anew."""

from __future__ import annotations

from .fix import Fix
from .places import fragment

FIX = Fix(
    id="permute-axes",
    safety="shown",
    title=lambda signs, args: "move the axes with transpose or permute instead of view or reshape",
    otherwise=lambda signs, args: fragment(
        "where view or reshape changes the order of axes (batch, time, features)",
        "x = x.transpose(1, 2)                    # not x.view(batch, features, time)",
        "h = h_n.transpose(0, 1).flatten(1)       # (layers, batch, hidden) -> (batch, layers * hidden)",
    ),
)
