"""Fill the gaps in the data."""

from __future__ import annotations

import ast

import numpy as np

from ..signs import Signs
from ..source import Change, Edit, across, calls, insert_after, replace_node, together
from ..source.locate import assigned_to, statement_of
from ..words import short
from .compared import compared
from .ends import at_entry, bracketed
from .fix import Args, Fix
from .head import criterion_call
from .places import fragment, said, scripts
from .scaling import MAX_FEATURES, numbers


def _table(signs: Signs) -> Edit | None:
    """The table filled as soon as it is read."""
    tables = [c for s in scripts(signs) for c in calls(s, ("read_csv", "read_parquet", "read_excel"))]
    if len(tables) != 1 or not tables[0].full.startswith("pandas."):
        return None
    call = tables[0]
    name, statement = assigned_to(call.script, call.node), statement_of(call.script, call.node)
    if name is None or statement is None:
        return None
    return insert_after(call.script, statement.lineno, [f"{name} = {name}.ffill().bfill()"])


LOADERS = ("load", "loadtxt", "genfromtxt")
STATISTICS = frozenset({"mean", "std", "min", "max", "fit", "fit_transform"})


def _loaded(signs: Signs) -> Edit | None:
    """The one array that NumPy reads from a file and that statistics are taken of: filled before these are."""
    found = []
    for script in scripts(signs):
        for call in calls(script, LOADERS):
            if not call.full.startswith("numpy."):
                continue
            name, statement = assigned_to(script, call.node), statement_of(script, call.node)
            if statement is None:
                continue
            if name is None and isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Subscript):
                target = statement.targets[0]
                name = target.id if statement.value.value is call.node and isinstance(target, ast.Name) else None
            if name is not None and _described(script.tree, name):
                found.append((script, statement, name, call.full))
    if len(found) != 1:
        return None
    script, statement, name, full = found[0]
    np_name = next((ast.unparse(c.node.func).rpartition(".")[0] for c in calls(script, LOADERS) if c.full == full), "")
    if not np_name:
        return None
    filled = f"{name} = {np_name}.where({np_name}.isfinite({name}), {name}, {np_name}.nanmedian({name}, axis=0))"
    return insert_after(script, statement.lineno, [filled])


def _described(tree: ast.AST, name: str) -> bool:
    """Is a mean, a deviation or the like taken of the array that has this name, or of a part of it? A file of several arrays
    is asked for them by their names."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Subscript) and _root(node) == name and isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
            return False
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in STATISTICS:
            of = [node.func.value, *node.args[:1]]
            if any(_root(value) == name for value in of):
                return True
    return False


def _root(node: ast.expr) -> str:
    while isinstance(node, ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _nothing_left(signs: Signs) -> bool:
    """Has a feature no finite value at all, as after a scaling by statistics of data with a gap?"""
    for x in signs.fed.inputs:
        if np.issubdtype(x.dtype, np.floating) and x.ndim >= 2:
            return bool((~np.isfinite(x)).reshape(-1, x.shape[-1]).all(axis=0).any())
    return False


def _model(signs: Signs) -> Edit | None:
    """The model puts the features' means where its input has no finite number."""
    stats = signs.fed.feature_stats
    if stats is None or not 0 < len(stats[0]) <= MAX_FEATURES or signs.fed.inputs[0].ndim < 3:
        return None
    mean = [float(v) for v in stats[0]]
    return at_entry(signs, lambda x: f"{x}.where({x}.isfinite(), {numbers(x, mean)})")


def _targets(signs: Signs) -> Edit | None:
    """The loss is taken over the targets that are known."""
    call = criterion_call(signs)
    term = signs.loss.term
    if call is None:
        return _masked(signs)
    if term is None or term.input_shape != term.target_shape or term.reduction == "none":
        return None
    given, wanted = call.node.args[:2]
    if not isinstance(wanted, ast.Name | ast.Attribute | ast.Subscript):
        return None
    text = call.script.segment(wanted)
    return together(
        replace_node(call.script, given, f"{bracketed(call.script.segment(given), given)}[{text}.isfinite()]"),
        replace_node(call.script, wanted, f"{text}[{text}.isfinite()]"),
    )


def _masked(signs: Signs) -> Edit | None:
    """`loss_of(model(x), y, known)`: zeros where the script's own mask takes the term out anyway, as 0 * NaN is NaN."""
    found = compared(signs)
    parent = found[0].parents.get(found[2]) if found is not None else None
    if found is None or not isinstance(parent, ast.Call) or len(parent.args) != 3:
        return None
    script, _, wanted = found
    return replace_node(script, wanted, f"{bracketed(script.segment(wanted), wanted)}.nan_to_num()")


def _infinite(signs: Signs) -> bool:
    """Are there values too large, which no filling of a table's gaps would find?"""
    return any(np.isinf(x).any() for x in signs.fed.inputs if np.issubdtype(x.dtype, np.floating))


def _edit(signs: Signs, args: Args) -> Edit | Change | None:
    fed = signs.fed
    if fed.bad_targets is None and fed.bad_inputs is None:
        return _table(signs)
    if not _infinite(signs) and (found := _table(signs)) is not None:
        return found
    if _nothing_left(signs) and (found := _loaded(signs)) is not None:
        return found
    if fed.bad_targets is None:
        return _model(signs)
    return _targets(signs) if fed.bad_inputs is None else across(_model(signs), _targets(signs))


def title(signs: Signs, args: Args) -> str:
    def words() -> str:
        bad = signs.fed.bad_inputs
        where = "inputs"
        if bad is None:
            bad, where = signs.fed.bad_targets, "targets"
        if bad is None:
            return bare
        return f"{bare}: batch {short(bad[0])} has {short(bad[1])} missing values in its {where}"

    bare = "fill the gaps in the data"
    return said(words, bare)


def otherwise(signs: Signs, args: Args) -> str:
    code = ("gaps = torch.isnan(x)", "x = torch.where(gaps, torch.nanmean(x, dim=0, keepdim=True), x)")
    return fragment("once the data are there, before they are scaled", *code)


FIX = Fix(id="impute", safety="unsafe", title=title, edit=_edit, otherwise=otherwise)
