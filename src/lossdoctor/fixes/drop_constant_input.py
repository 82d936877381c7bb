"""Look at the preprocessing that left the inputs saying nothing."""

from __future__ import annotations

import numpy as np

from ..signs import Signs
from ..words import short
from .fix import Args, Fix
from .places import fragment, said


def title(signs: Signs, args: Args) -> str:
    def words() -> str:
        stats = signs.fed.feature_stats
        if stats is None:
            return bare
        still = int((stats[1] <= 1e-12 * np.maximum(1.0, np.abs(stats[0]))).sum())
        total = len(stats[1])
        return f"{bare}: {short(still)} of {short(total)} input features never change" if still else bare

    bare = "look at the preprocessing"
    return said(words, bare)


FIX = Fix(
    id="drop-constant-input",
    safety="shown",
    title=title,
    otherwise=lambda signs, args: fragment(
        "after each step of the preprocessing: which one takes the differences away?",
        "print(x.dtype, x.min(), x.max(), x.float().std(0))",
        "# truncated to integers, divided by too large a number, the same row for all, or filled with zeros?",
    ),
)
