"""Bring held-back inputs, which come on a scale of their own, to that of the training's."""

from __future__ import annotations

import numpy as np

from ..signs import Signs
from ..signs.held import held_parts
from ..signs.pairs import Array
from ..source import Edit, calls
from ..source.locate import spelled
from ..words import short
from .ends import at_entry, forward_of
from .fix import Args, Fix
from .places import code, fragment, said, scripts
from .scaling import MAX_FEATURES, numbers

FEW = 20
"""Rows of features that a mean and a deviation are taken of."""


def line(signs: Signs) -> tuple[list[float], list[float]] | None:
    """(factor, offset) by feature that give held-back inputs the mean and the deviation of the training's. None where
    the net is asked, in evaluation, about inputs of either scale: then no one change of them is right."""
    seen, parts = signs.fed.features, [p for p in held_parts(signs) if len(p) >= FEW and np.isfinite(p).all()]
    if seen is None or not parts or any(p.shape[1] != seen.shape[1] for p in parts) or seen.shape[1] > MAX_FEATURES:
        return None
    held = np.concatenate(parts)
    mean, spread = seen.mean(axis=0), seen.std(axis=0)
    theirs = held.std(axis=0)
    varying = (spread > 1e-9) & (theirs > 1e-9)
    if not varying.any() or any(_nearer(p, mean, spread, held, varying) for p in parts):
        return None
    factor = np.where(varying, spread / np.where(varying, theirs, 1.0), 1.0)
    offset = np.where(varying, mean - held.mean(axis=0) * factor, 0.0)
    return factor.tolist(), offset.tolist()


def _nearer(part: Array, mean: Array, spread: Array, held: Array, varying: Array) -> bool:
    """Is a part more like the training's inputs than like the other held-back ones?"""

    def away(center: Array, size: Array) -> float:
        scale = np.log(np.maximum(part.std(axis=0), 1e-12)[varying] / np.maximum(size, 1e-12)[varying])
        moved = (part.mean(axis=0) - center)[varying] / np.maximum(size, 1e-12)[varying]
        return float(np.abs(scale).sum() + np.abs(moved).sum())

    return away(mean, spread) < away(held.mean(axis=0), held.std(axis=0))


def _edit(signs: Signs, args: Args) -> Edit | None:
    found = line(signs)
    if found is None:
        return None
    factor, offset = found
    if forward_of(signs) is None:
        grad = next((w for s in scripts(signs) if (w := spelled(s, "torch.is_grad_enabled")) is not None), None)
        return None if grad is None else at_entry(signs, lambda x: f"{x} if {grad}() else {_moved(x, factor, offset)}")
    if not any(calls(s, ("eval",)) for s in scripts(signs)):
        return None
    return at_entry(signs, lambda x: x, lambda x: ["if not self.training:", f"    {x} = {_moved(x, factor, offset)}"])


def _moved(x: str, factor: list[float], offset: list[float]) -> str:
    """`x * 5.0 - 0.1`, or with a number for each feature."""
    if len(factor) > 1:
        return f"{x} * {numbers(x, factor)} + {numbers(x, offset)}"
    shown = code(offset[0], 4)
    return f"{x} * {code(factor[0], 4)} {'- ' + shown[1:] if shown.startswith('-') else '+ ' + shown}"


def title(signs: Signs, args: Args) -> str:
    def words() -> str:
        found = line(signs)
        if found is None:
            return bare
        worst = max(found[0], key=lambda v: abs(np.log(abs(v))))
        return f"{bare}: theirs times {short(worst)}"

    bare = "bring held-back inputs to the training's scale"
    return said(words, bare)


FIX = Fix(
    id="rescale-held-back",
    safety="unsafe",
    title=title,
    edit=_edit,
    otherwise=lambda signs, args: fragment(
        "where held-back inputs are read: by the numbers that the training inputs were scaled with",
        "x_test = (x_test_in_its_own_unit - train_mean) / train_std",
    ),
    fits=lambda signs, args: line(signs) is not None,
)
