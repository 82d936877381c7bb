"""Standardise what the net is to answer, and bring its answers back to the targets' unit."""

from __future__ import annotations

import ast

from ..signs import Signs
from ..source import Edit, replace_node, together
from ..words import short
from .fix import Args, Fix
from .head import criterion_call
from .places import code, finite, fragment, returns, said
from .scaling import forward_of


def statistics(signs: Signs, args: Args) -> tuple[float, float] | None:
    mean, std = finite(args.get("mean")), finite(args.get("std"))
    if mean is None or std is None:
        mean, std = (finite(v) for v in signs.fed.target_stats)
    return (mean, std) if mean is not None and std is not None and std > 0 else None


def _bracketed(text: str, node: ast.expr) -> str:
    return text if isinstance(node, ast.Name | ast.Call | ast.Attribute | ast.Subscript) else f"({text})"


def _edit(signs: Signs, args: Args) -> Edit | None:
    """The model answers in the targets' unit; the loss compares both standardised. Nothing else has to change."""
    stats, found, call = statistics(signs, args), forward_of(signs), criterion_call(signs)
    if "x_mean" in args:
        return None  # Proven together: a change of the targets alone would not be what was tried.
    if stats is None or found is None or call is None or found[0] != call.script:
        return None
    script, function = found
    mean, std = code(stats[0], 4), code(stats[1], 4)
    shift = f"- {mean}" if stats[0] >= 0 else f"+ {mean[1:]}"
    back = f"+ {mean}" if stats[0] >= 0 else f"- {mean[1:]}"
    ends = returns(function)
    if len(ends) != 1 or ends[0].value is None or isinstance(ends[0].value, ast.Tuple | ast.Dict | ast.List):
        return None
    answer = ends[0].value
    edits = [replace_node(script, answer, f"{_bracketed(script.segment(answer), answer)} * {std} {back}")]
    for given in call.node.args[:2]:
        edits.append(replace_node(script, given, f"({_bracketed(script.segment(given), given)} {shift}) / {std}"))
    return together(*edits)


def title(signs: Signs, args: Args) -> str:
    def words() -> str:
        stats = statistics(signs, args)
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


FIX = Fix(id="scale-targets", safety="safe", title=title, edit=_edit, otherwise=otherwise, live=True)
