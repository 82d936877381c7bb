"""Let rare classes weigh as much as frequent ones."""

from __future__ import annotations

import numpy as np

from ..signs import Signs
from ..source import Edit, set_keyword
from ..source.locate import spelled
from .fix import Args, Fix
from .head import criterion_made
from .places import code, finite, fragment, said

MAX_CLASSES = 20


def weights(signs: Signs, args: Args) -> list[float] | None:
    """One weight a class, mean 1 over the samples: as given, else n / (classes * count) from captured targets."""
    given = args.get("weights")
    if isinstance(given, list | tuple):
        values = [finite(v) for v in given]
        return None if any(v is None for v in values) or len(values) < 2 else [v for v in values if v is not None]
    targets = signs.fed.targets
    if targets is None or not (signs.fed.is_classes or signs.fed.is_binary):
        return None
    labels = (targets > 0.5).astype(int) if signs.fed.is_binary else targets.astype(int)
    term = signs.loss.term
    ignored = term.ignore_index if term is not None and term.ignore_index is not None else -100
    counts = np.bincount(labels[(labels >= 0) & (labels != ignored)])
    if len(counts) < 2 or (counts == 0).any():
        return None
    return [float(counts.sum() / (len(counts) * n)) for n in counts]


def _edit(signs: Signs, args: Args) -> Edit | None:
    call, found = criterion_made(signs), weights(signs, args)
    if call is None or found is None or len(found) > MAX_CLASSES:
        return None
    tensor = spelled(call.script, "torch.tensor")
    if tensor is None or "weight" in call.keywords or "pos_weight" in call.keywords:
        return None
    if call.last in ("BCEWithLogitsLoss", "binary_cross_entropy_with_logits") and len(found) == 2:
        return set_keyword(call.script, call, "pos_weight", f"{tensor}({code(found[1] / found[0])})")
    if call.last not in ("CrossEntropyLoss", "NLLLoss", "cross_entropy", "nll_loss"):
        return None
    return set_keyword(call.script, call, "weight", f"{tensor}([{', '.join(code(w) for w in found)}])")


def title(signs: Signs, args: Args) -> str:
    def words() -> str:
        found = weights(signs, args)
        if found is None:
            return bare
        return f"{bare}: the rarest class {max(found) / min(found):.3g} times as much as the most frequent"

    bare = "weigh classes by their rarity"
    return said(words, bare)


def otherwise(signs: Signs, args: Args) -> str:
    lines = (
        "counts = torch.bincount(y_train)",
        "criterion = nn.CrossEntropyLoss(weight=counts.sum() / (len(counts) * counts))",
    )
    return fragment("where the loss is made", *lines)


FIX = Fix(id="weight-classes", safety="unsafe", title=title, edit=_edit, otherwise=otherwise, live=True)
