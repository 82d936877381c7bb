"""Keep the weights that were best on held-back data."""

from __future__ import annotations

from ..signs import Signs
from .fix import Args, Fix
from .places import backward, fragment, model_at, said


def otherwise(signs: Signs, args: Args) -> str:
    def name() -> str:
        place = backward(signs)
        return (model_at(*place) if place is not None else None) or "model"

    model = said(name, "model")
    return fragment(
        "at the end of each epoch, with the loss on held-back data as `held`; start with best, waited = float('inf'), 0",
        "if held < best:",
        f"    best, waited, kept = held, 0, copy.deepcopy({model}.state_dict())",
        "else:",
        "    waited += 1",
        "    if waited >= 5:",
        f"        {model}.load_state_dict(kept)",
        "        break",
    )


FIX = Fix(
    id="early-stop",
    safety="shown",
    title=lambda signs, args: "stop where the held-back loss was best, and keep those weights",
    otherwise=otherwise,
)
