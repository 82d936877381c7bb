"""Fit a scaler to the training rows, and scale held-back rows by the same numbers."""

from __future__ import annotations

import ast
import re

from ..signs import Signs
from ..source import Call, Edit, calls, replace_node
from ..source.locate import assigned_to, statement_of
from .fix import Args, Fix
from .own_target_scaler import SCALERS
from .places import fragment, scripts

_HELD = re.compile(r"test|val|valid|dev|held|hold|new", re.IGNORECASE)


def _fits(signs: Signs) -> list[Call]:
    """Fits of scikit-learn's scalers that are kept under a name."""
    found = []
    for script in scripts(signs):
        names = {assigned_to(script, c.node) for c in calls(script, SCALERS)} - {None}
        found += [c for c in calls(script, ("fit_transform",)) if c.owner in names and len(c.args) == 1]
    return found


def _again(fits: list[Call]) -> Edit | None:
    """`scaler.fit_transform(test)`, after the training rows: scaled by the training's numbers instead."""
    held = [c for c in fits if _HELD.search(c.args[0])]
    first = [c for c in fits if c not in held]
    owners = {c.owner for c in first}
    if len(held) != 1 or held[0].owner not in owners:
        return None
    call = held[0]
    return replace_node(call.script, call.node.func, f"{call.owner}.transform")


def _all_rows(call: Call) -> Edit | None:
    """`scaled = scaler.fit_transform(values)`, of which `scaled[:n]` is trained on: fitted to those rows alone."""
    script, name, statement = call.script, assigned_to(call.script, call.node), statement_of(call.script, call.node)
    if name is None or statement is None or not re.fullmatch(r"[\w.]+", call.args[0]):
        return None
    cuts = {
        ast.unparse(n.slice.upper) for n in ast.walk(script.tree)
        if isinstance(n, ast.Subscript) and isinstance(n.slice, ast.Slice) and n.slice.upper is not None
        and n.slice.lower is None and ast.unparse(n.value) == name and n.lineno > statement.lineno
    }  # fmt: skip
    if len(cuts) != 1:
        return None
    cut = cuts.pop()
    used = {n.id for n in ast.walk(ast.parse(cut)) if isinstance(n, ast.Name)}
    known = {
        n.id for n in ast.walk(script.tree)
        if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store) and n.lineno < statement.lineno
    }  # fmt: skip
    if not used <= known | {"int", "len"}:
        return None
    return replace_node(script, call.node, f"{call.owner}.fit({call.args[0]}[:{cut}]).transform({call.args[0]})")


def _edit(signs: Signs, args: Args) -> Edit | None:
    fits = _fits(signs)
    again = _again(fits)
    if again is not None:
        return again
    return _all_rows(fits[0]) if len(fits) == 1 else None


FIX = Fix(
    id="fit-scaler-on-train-only",
    safety="unsafe",
    title=lambda signs, args: "fit the scaler to the training rows alone",
    edit=_edit,
    otherwise=lambda signs, args: fragment(
        "where the data are scaled",
        "scaler = StandardScaler().fit(train)",
        "train, test = scaler.transform(train), scaler.transform(test)",
    ),
)
