"""Standardise what the net is to answer, and bring its answers back to the targets' unit."""

from __future__ import annotations

import numpy as np

from ..signs import Signs
from ..source import Change, Edit, across
from ..words import short
from .ends import at_exit, at_loss
from .fix import Args, Fix
from .places import code, finite, fragment, said
from .scale_inputs import entry
from .scaling import less, more

ROOM = 1.1
"""A net comes near the ends of its range only with ever larger weights."""
AT_THE_END, STUCK = 0.95, 0.2


def statistics(signs: Signs, args: Args) -> tuple[float, float] | None:
    mean, std = finite(args.get("mean")), finite(args.get("std"))
    if mean is None or std is None:
        mean, std = middle_and_reach(signs) or (finite(v) for v in signs.fed.target_stats)
    return (mean, std) if mean is not None and std is not None and std > 0 else None


def middle_and_reach(signs: Signs) -> tuple[float, float] | None:
    """(middle, half the range) of the targets, where the net's answers end at -1 and 1 (a tanh, a bare recurrent layer) and
    stand there: standardised targets would go beyond."""
    given = [b.p.reshape(-1) for b in signs.fed.batches[len(signs.fed.batches) // 2 :] if b.p is not None and b.p.size]
    wanted = signs.fed.targets
    if not given or wanted is None or not signs.fed.is_regression or not np.isfinite(wanted).all():
        return None
    size = np.abs(np.concatenate(given))
    if not size.max() <= 1 + 1e-6 or float((size > AT_THE_END).mean()) < STUCK or float(np.abs(wanted).max()) <= 1:
        return None
    low, high = float(wanted.min()), float(wanted.max())
    return (low + high) / 2, ROOM * (high - low) / 2


def in_their_unit(signs: Signs, mean: float, std: float) -> list[Edit | None]:
    """The model answers in the targets' unit; the loss compares both standardised. Nothing else has to change."""
    unit = code(std, 4)
    back = at_exit(signs, lambda y: more(f"{y} * {unit}", mean))
    compared = at_loss(signs, lambda y: f"({less(y, mean)}) / {unit}", lambda y: f"({less(y, mean)}) / {unit}")
    return [back, compared]


def _edit(signs: Signs, args: Args) -> Change | None:
    stats = statistics(signs, args)
    if stats is None:
        return None
    edits = in_their_unit(signs, *stats)
    if "x_mean" in args:  # Proven together: a change of the targets alone would not be what was tried.
        edits.append(entry(signs, args, "x_"))
    return across(*edits)


def _fits(signs: Signs, args: Args) -> bool:
    return bool(args) or signs.fed.is_regression


def title(signs: Signs, args: Args) -> str:
    def words() -> str:
        stats = statistics(signs, args)
        if not args and stats is not None and (reach := middle_and_reach(signs)) is not None:
            return f"bring the targets within what the net can give: they reach {short(reach[1] / ROOM)} to both sides of {short(reach[0])}"
        return bare if stats is None else f"{bare}: {who} have mean {short(stats[0])} and deviation {short(stats[1])}"

    bare = "standardise the inputs and the targets" if "x_mean" in args else "standardise the targets"
    who = "the targets" if "x_mean" in args else "they"
    return said(words, bare)


def otherwise(signs: Signs, args: Args) -> str:
    lines: tuple[str, ...] = (
        "mean, std = y_train.mean(), y_train.std()",
        "y_train = (y_train - mean) / std",
        "prediction = model(x_test) * std + mean  # wherever the model answers",
    )
    if "x_mean" in args:
        both = "x_mean, x_std = x_train.mean((0, 1)), x_train.std((0, 1))", "x = (x - x_mean) / x_std  # in training and ever after"
        lines = (*both, *lines)
        return fragment("once the data are there", *lines)
    return fragment("once the targets are there", *lines)


FIX = Fix(id="scale-targets", safety="safe", title=title, edit=_edit, otherwise=otherwise, live=True, fits=_fits)
