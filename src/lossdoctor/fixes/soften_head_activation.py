"""Let an answer that must be positive be so everywhere: a ReLU gives exact zeros, and no gradient where it does."""

from __future__ import annotations

from ..signs import Signs
from ..source import Edit
from .fix import Args, Fix
from .guard_nan import FLOORED, birth
from .head import last_activations
from .places import fragment


def _edit(signs: Signs, args: Args) -> Edit | None:
    found = {a.as_softplus.spans: a.as_softplus for a in last_activations(signs) if a.as_softplus is not None}
    return next(iter(found.values())) if len(found) == 1 else None


def _fits(signs: Signs, args: Args) -> bool:
    """A logarithm or a root's inverse met a zero, and the last that the model does is a ReLU."""
    seen = birth(signs)
    return seen is not None and seen.op.rpartition(".")[2].rstrip("_") in FLOORED and _edit(signs, args) is not None


FIX = Fix(
    id="soften-head-activation",
    safety="unsafe",
    title=lambda signs, args: "put a softplus in the place of the ReLU behind the last layer",
    edit=_edit,
    otherwise=lambda signs, args: fragment("at the end of the model's forward", "return torch.nn.functional.softplus(self.fc(x))  # above 0"),
    fits=_fits,
)
