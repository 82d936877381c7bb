"""Standardise what the net is fed."""

from __future__ import annotations

from ..signs import Signs
from ..source import Edit, insert_before
from ..source.locate import spelled
from ..words import short
from .fix import Args, Fix
from .places import fragment, said
from .scaling import MAX_FEATURES, first_statement, forward_of, listed, statistics


def _edit(signs: Signs, args: Args) -> Edit | None:
    found, stats = forward_of(signs), statistics(signs, args)
    if found is None or stats is None or len(stats[0]) > MAX_FEATURES or signs.fed.integer_inputs:
        return None
    script, function = found
    inputs = signs.fed.inputs
    if len(stats[0]) > 1 and (not inputs or inputs[0].shape[-1:] != (len(stats[0]),)):
        return None
    tensor, start = spelled(script, "torch.tensor"), first_statement(function)
    if tensor is None or start is None:
        return None
    x = function.args.args[1].arg
    if len(stats[0]) == 1:
        lines = [f"{x} = ({x} - {listed(stats[0])[1:-1]}) / {listed(stats[1])[1:-1]}"]
    else:
        kind = f"dtype={x}.dtype, device={x}.device"
        lines = [
            f"mean = {tensor}({listed(stats[0])}, {kind})",
            f"std = {tensor}({listed(stats[1])}, {kind})",
            f"{x} = ({x} - mean) / std",
        ]
    return insert_before(script, start.lineno, lines)


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


FIX = Fix(id="scale-inputs", safety="safe", title=title, edit=_edit, otherwise=otherwise, live=True)
