"""Numbers of a standardisation, and the first line of a model's forward."""

from __future__ import annotations

import ast

from ..signs import Signs
from ..source import Script
from ..source.locate import FunctionNode, method
from .fix import Args
from .places import code, finite, model_class

MAX_FEATURES = 12


def statistics(signs: Signs, args: Args) -> tuple[list[float], list[float]] | None:
    """(mean, deviation) by feature: as given, else as the captured inputs show."""
    mean, std = args.get("mean"), args.get("std")
    if mean is None or std is None:
        stats = signs.fed.feature_stats
        if stats is None:
            return None
        mean, std = stats[0].tolist(), stats[1].tolist()
    means = [finite(v) for v in (mean if isinstance(mean, list | tuple) else [mean])]
    stds = [finite(v) for v in (std if isinstance(std, list | tuple) else [std])]
    if len(means) != len(stds) or any(v is None for v in (*means, *stds)) or not means:
        return None
    return [v for v in means if v is not None], [v if v else 1.0 for v in stds]


def listed(values: list[float]) -> str:
    return f"[{', '.join(code(v, 4) for v in values)}]"


def forward_of(signs: Signs) -> tuple[Script, FunctionNode] | None:
    """The forward of the trained model's class, if it takes its input as its first argument."""
    pair = model_class(signs)
    function = method(pair[1], "forward") if pair is not None else None
    if pair is None or function is None or len(function.args.args) < 2:
        return None
    return pair[0], function


def first_statement(function: FunctionNode) -> ast.stmt | None:
    """The first statement after the docstring."""
    body = [
        s for s in function.body
        if not (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant) and isinstance(s.value.value, str))
    ]  # fmt: skip
    return body[0] if body else None
