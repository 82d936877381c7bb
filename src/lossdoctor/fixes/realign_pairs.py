"""Keep every input with its own target."""

from __future__ import annotations

import ast

from ..signs import Signs
from ..signs.tables import RowShift, row_shift, row_shifts, tables
from ..source import Call, Change, Edit, Script, across, calls, insert_after, replace_node, together
from ..source.locate import block_of, dotted, scope, spelled, statement_of, within
from ..trace.events import Variable
from .fix import Args, Fix
from .places import fragment, said, same_file, scripts


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


def _shuffled(signs: Signs) -> Edit | None:
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


def _binding(signs: Signs, seen: Variable) -> tuple[Script, ast.Assign] | None:
    """The statement that last gave a variable its value before it was seen."""
    script = next((s for s in scripts(signs) if same_file(s.file, seen.file)), None)
    if script is None:
        return None
    attribute = seen.name.startswith("self.")
    home = scope(script, seen.line) if seen.function else script.tree
    found = [
        node for node in (ast.walk(home) if attribute else within(home))
        if isinstance(node, ast.Assign) and (not seen.at or node.lineno <= seen.at)
        and any(isinstance(n, ast.Name | ast.Attribute) and dotted(n) == seen.name for target in node.targets for n in ast.walk(target))
    ]  # fmt: skip
    if attribute and len(found) > 1:
        return None
    return (script, max(found, key=lambda node: node.lineno)) if found else None


def _moved(signs: Signs) -> Change | None:
    """The targets moved as soon as they have their name: of the training, and of each held-back pair that is shifted too."""
    lines: dict[tuple[str, int], tuple[Script, list[str]]] = {}
    shifts = row_shifts(signs)
    right = {seen for table in tables(signs) if all(shift.table is not table for shift in shifts) for seen in table.y_names}
    for shift in shifts:
        if right & set(shift.table.y_names):
            return None  # One line of the source makes both, and one of them stands right.
        places = ((seen, place) for seen in shift.table.y_names if (place := _binding(signs, seen)) is not None)
        found = next(places, None)
        if found is None:
            return None
        seen, (script, node) = found
        line = _rolled(script, seen, shift)
        if line is None:
            return None
        _, after = lines.setdefault((script.file, node.lineno), (script, []))
        if line not in after:
            after.append(line)
    return across(*(insert_after(script, at, after) for (_, at), (script, after) in lines.items())) if lines else None


def _rolled(script: Script, seen: Variable, shift: RowShift) -> str | None:
    if seen.kind == "tensor":
        return f"{seen.name} = {seen.name}.roll({-shift.rows}, 0)"
    roll = spelled(script, "numpy.roll")
    return None if roll is None else f"{seen.name} = {roll}({seen.name}, {-shift.rows}, axis=0)"


def _edit(signs: Signs, args: Args) -> Edit | Change | None:
    return _moved(signs) if row_shift(signs) is not None else _shuffled(signs)


def title(signs: Signs, args: Args) -> str:
    def words() -> str:
        shift = row_shift(signs)
        if shift is None:
            return bare
        rows = f"{abs(shift.rows)} row{'s' if abs(shift.rows) > 1 else ''}"
        return f"{bare}: move the targets {rows} {'up' if shift.rows > 0 else 'down'} (the last of them wrap round: better drop these)"

    bare = "keep every input with its own target"
    return said(words, bare)


def otherwise(signs: Signs, args: Args) -> str:
    shift = row_shift(signs)
    if shift is not None:
        k = abs(shift.rows)
        kept = f"x, y = x[:-{k}], y[{k}:]" if shift.rows > 0 else f"x, y = x[{k}:], y[:-{k}]"
        return fragment("once inputs and targets are there, in training and held-back data that are shifted alike", kept)
    return fragment(
        "wherever inputs or targets are shuffled, sorted, filtered or shifted: both by the same index",
        "order = torch.randperm(len(x))",
        "x, y = x[order], y[order]",
    )


FIX = Fix(id="realign-pairs", safety="unsafe", title=title, edit=_edit, otherwise=otherwise, live=True)
