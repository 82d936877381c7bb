"""Standardisation as expressions: numbers by feature, forth and back."""

from __future__ import annotations

import math

from ..signs import Signs
from .fix import Args
from .places import code, finite

MAX_FEATURES = 32


def floats(values: object) -> list[float] | None:
    """A number or a list of numbers as a list; None where one is missing or not finite."""
    found = [finite(v) for v in (values if isinstance(values, list | tuple) else [values])]
    return [v for v in found if v is not None] if found and all(v is not None for v in found) else None


def statistics(signs: Signs, args: Args, prefix: str = "") -> tuple[list[float], list[float]] | None:
    """(mean, deviation) by feature: as given, else as the captured inputs show. One of each for the rows of a
    (batch, time) input, whose columns are times."""
    means, stds = args.get(f"{prefix}mean"), args.get(f"{prefix}std")
    if means is None or stds is None:
        stats = signs.fed.feature_stats
        if stats is None:
            return None
        means, stds = stats[0].tolist(), stats[1].tolist()
    mean, std = floats(means), floats(stds)
    if mean is None or std is None or len(mean) != len(std):
        return None
    inputs = signs.fed.inputs
    by_time = bool(inputs) and inputs[0].ndim == 2 and any(c.input_shape[-1:] == (1,) for c in signs.wiring.calls)
    if len(mean) > 1 and by_time:
        middle = sum(mean) / len(mean)
        spread = sum(s * s + (m - middle) ** 2 for m, s in zip(mean, std, strict=True)) / len(mean)
        mean, std = [middle], [math.sqrt(spread)]
    return mean, [v or 1.0 for v in std]


def numbers(x: str, values: list[float]) -> str:
    """The numbers as `x` can be calculated with."""
    return code(values[0], 4) if len(values) == 1 else f"{x}.new_tensor([{', '.join(code(v, 4) for v in values)}])"


def less(text: str, mean: float) -> str:
    """`y - 3.0`."""
    shown = code(mean, 4)
    return f"{text} + {shown[1:]}" if shown.startswith("-") else f"{text} - {shown}"


def more(text: str, mean: float) -> str:
    """`y + 3.0`."""
    shown = code(mean, 4)
    return f"{text} - {shown[1:]}" if shown.startswith("-") else f"{text} + {shown}"


def standardised(x: str, mean: list[float], std: list[float]) -> str:
    """`(x - 3.0) / 2.0`, or with a number for each feature."""
    if len(mean) == 1:
        return f"({less(x, mean[0])}) / {code(std[0], 4)}"
    return f"({x} - {numbers(x, mean)}) / {numbers(x, std)}"
