"""A scaler for the targets alone, so that answers are brought back by the numbers they were scaled with."""

from __future__ import annotations

import re

from ..signs import Signs
from ..source import Call, Edit, calls, insert_before, replace_node, together
from ..source.locate import assigned_to, statement_of
from .fix import Args, Fix
from .places import fragment, scripts

SCALERS = ("MinMaxScaler", "StandardScaler", "RobustScaler", "MaxAbsScaler")
_TARGET = re.compile(r"(?<![a-zA-Z])(y|target|label)", re.IGNORECASE)


def _shared(signs: Signs) -> tuple[Call, list[Call], list[Call]] | None:
    """(construction, fits on inputs, fits on targets) of the one scaler that is fitted to both."""
    found = []
    for script in scripts(signs):
        for built in calls(script, SCALERS):
            name = assigned_to(script, built.node)
            fits = [c for c in calls(script, ("fit_transform", "fit")) if c.owner == name and c.args]
            targets = [c for c in fits if _TARGET.match(c.args[0])]
            inputs = [c for c in fits if c not in targets]
            if name is not None and len(targets) == 1 and inputs:
                found.append((built, inputs, targets))
    return found[0] if len(found) == 1 else None


def _edit(signs: Signs, args: Args) -> Edit | None:
    """The targets' fit, and what is scaled or brought back like it, by a scaler of their own."""
    found = _shared(signs)
    if found is None:
        return None
    built, _, (fit,) = found
    script, name = built.script, assigned_to(built.script, built.node)
    statement = statement_of(script, fit.node)
    if name is None or statement is None or not name.isidentifier():
        return None
    own = f"target_{name}"
    uses = [
        c for c in calls(script, ("transform", "inverse_transform"))
        if c.owner == name and (c.last == "inverse_transform" or (c.args and _TARGET.match(c.args[0])))
    ]  # fmt: skip
    edits = [replace_node(script, c.node.func, f"{own}.{c.last}") for c in (fit, *uses)]
    return together(insert_before(script, statement.lineno, [f"{own} = {script.segment(built.node)}"]), *edits)


FIX = Fix(
    id="own-target-scaler",
    safety="unsafe",
    title=lambda signs, args: "scale the targets with a scaler of their own",
    edit=_edit,
    otherwise=lambda signs, args: fragment(
        "where inputs and targets are scaled, and where answers are brought back",
        "x_scaler, y_scaler = StandardScaler().fit(x_train), StandardScaler().fit(y_train)",
        "prediction = y_scaler.inverse_transform(model(x_test))",
    ),
    fits=lambda signs, args: _shared(signs) is not None,
)
