"""Standardise what the net is fed."""

from __future__ import annotations

from ..signs import Signs
from ..signs.standing import inputs_off_scale
from ..source import Edit
from ..words import short
from .ends import at_entry
from .fix import Args, Fix
from .places import fragment, said
from .scaling import MAX_FEATURES, numbers, standardised, statistics


def entry(signs: Signs, args: Args, prefix: str = "") -> Edit | None:
    """The model itself standardises its input, so that whatever it is asked later is treated alike."""
    stats = statistics(signs, args, prefix)
    if stats is None or len(stats[0]) > MAX_FEATURES or signs.fed.integer_inputs:
        return None
    inputs = signs.fed.inputs
    if len(stats[0]) > 1 and (not inputs or inputs[0].shape[-1:] != (len(stats[0]),)):
        return None
    mean, std = stats
    if len(mean) <= 3:
        return at_entry(signs, lambda x: standardised(x, mean, std))

    def lines(x: str) -> list[str]:
        return [f"mean = {numbers(x, mean)}", f"std = {numbers(x, std)}", f"{x} = ({x} - mean) / std"]

    return at_entry(signs, lambda x: standardised(x, mean, std), lines) or at_entry(
        signs, lambda x: standardised(x, mean, std)
    )


def _fits(signs: Signs, args: Args) -> bool:
    """Was it tried, or are the inputs far from ordinary size?"""
    return bool(args) or inputs_off_scale(signs)


def title(signs: Signs, args: Args) -> str:
    def words() -> str:
        stats = statistics(signs, args)
        if stats is None:
            return bare
        means, stds = stats
        worst = max(range(len(means)), key=lambda i: max(abs(means[i]), stds[i]))
        of = f"feature {worst} has" if len(means) > 1 else "they have"
        return f"{bare}: {of} mean {short(means[worst])} and deviation {short(stds[worst])}"

    bare = "standardise the inputs"
    return said(words, bare)


def otherwise(signs: Signs, args: Args) -> str:
    code = (
        "mean, std = x_train.mean(0), x_train.std(0)",
        "x_train, x_test = (x_train - mean) / std, (x_test - mean) / std",
    )
    where = "once the inputs are there: held-back data by the training data's numbers"
    return fragment(where, *code)


FIX = Fix(id="scale-inputs", safety="safe", title=title, edit=lambda signs, args: entry(signs, args), otherwise=otherwise, live=True, fits=_fits)
