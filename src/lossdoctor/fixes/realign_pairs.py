"""Keep every input with its own target."""

from __future__ import annotations

import ast

from ..signs import Signs
from ..source import Call, Edit, Script, calls, replace_node, together
from ..source.locate import block_of, spelled, statement_of
from .fix import Args, Fix
from .places import fragment, scripts


def _shuffles(script: Script) -> list[tuple[Call, Call]]:
    """Pairs of neighbouring statements that shuffle two arrays, each by itself."""
    found = []
    single = {
        statement: c for c in calls(script, ("shuffle",))
        if c.full == "numpy.random.shuffle" and len(c.args) == 1 and c.args[0].isidentifier()
        and isinstance(statement := statement_of(script, c.node), ast.Expr)
    }  # fmt: skip
    for statement, call in single.items():
        block = block_of(script, statement)
        at = block.index(statement)
        follower = block[at + 1] if at + 1 < len(block) else None
        if isinstance(follower, ast.Expr) and follower in single:
            found.append((call, single[follower]))
    return found


def _edit(signs: Signs, args: Args) -> Edit | None:
    pairs = [pair for script in scripts(signs) for pair in _shuffles(script)]
    if len(pairs) != 1:
        return None
    first, second = pairs[0]
    script, a, b = first.script, first.args[0], second.args[0]
    permutation = spelled(script, "numpy.random.permutation")
    if permutation is None or a == b:
        return None
    return together(
        replace_node(script, first.node, f"order = {permutation}(len({a}))"),
        replace_node(script, second.node, f"{a}, {b} = {a}[order], {b}[order]"),
    )


FIX = Fix(
    id="realign-pairs",
    safety="unsafe",
    title=lambda signs, args: "keep every input with its own target",
    edit=_edit,
    otherwise=lambda signs, args: fragment(
        "wherever inputs or targets are shuffled, sorted, filtered or shifted: both by the same index",
        "order = torch.randperm(len(x))",
        "x, y = x[order], y[order]",
    ),
)
