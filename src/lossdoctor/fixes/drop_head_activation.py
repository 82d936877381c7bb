"""Give the loss what it expects: the scores of the last layer as they are."""

from __future__ import annotations

from ..signs import Signs
from ..source import Edit
from .fix import Args, Fix
from .head import Activation, last_activations
from .places import fragment, said


def _chosen(signs: Signs, args: Args) -> Activation | None:
    found = last_activations(signs)
    wanted = str(args.get("activation", ""))
    if wanted:
        found = [a for a in found if a.name == wanted]
    unique = {a.without.spans: a for a in found}
    return next(iter(unique.values())) if len(unique) == 1 else None


def _needs_shares(signs: Signs) -> bool:
    """Does the loss take numbers from 0 to 1 alone? Then it is another activation that it wants."""
    term = signs.loss.term
    return term is not None and term.fn == "binary_cross_entropy"


def _edit(signs: Signs, args: Args) -> Edit | None:
    chosen = _chosen(signs, args)
    if chosen is None:
        return None
    return chosen.as_sigmoid if _needs_shares(signs) else chosen.without


def title(signs: Signs, args: Args) -> str:
    def words() -> str:
        chosen = _chosen(signs, args)
        name = str(args.get("activation", "")) or (chosen.name if chosen is not None else "activation")
        if _needs_shares(signs):
            return f"put a sigmoid in the place of the {name} behind the last layer"
        return f"take the {name} off the last layer"

    return said(words, "take the activation off the last layer")


FIX = Fix(
    id="drop-head-activation",
    safety="unsafe",
    title=title,
    edit=_edit,
    otherwise=lambda signs, args: fragment("at the end of the model's forward", "return self.fc(x)  # no activation"),
)
