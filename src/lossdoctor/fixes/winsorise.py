"""Pull a few extreme values in to where the others end."""

from __future__ import annotations

from ..signs import Signs
from ..words import short
from .fix import Args, Fix
from .places import code, finite, fragment, said


def share(args: Args) -> float:
    given = finite(args.get("share"))
    return given if given is not None and 0 < given < 0.5 else 0.005


def otherwise(signs: Signs, args: Args) -> str:
    low, high = code(share(args)), code(1 - share(args), 6)
    return fragment(
        "once the data are there, before they are scaled: by the training part's own quantiles",
        f"low, high = np.quantile(train, [{low}, {high}], axis=0)",
        "train, test = np.clip(train, low, high), np.clip(test, low, high)",
    )


FIX = Fix(
    id="winsorise",
    safety="unsafe",
    title=lambda signs, args: said(
        lambda: f"limit the values to the middle {short(100 * (1 - 2 * share(args)))} %", "limit extreme values"
    ),
    otherwise=otherwise,
)
