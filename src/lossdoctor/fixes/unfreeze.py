"""Let frozen parameters learn."""

from __future__ import annotations

import ast

from ..signs import Signs
from ..source import Change, Edit, across, calls, replace_node
from ..source.locate import dotted
from ..words import short
from .fix import Args, Fix
from .places import fragment, optimizer_call, said, scripts


def _held_too(signs: Signs) -> Edit | None:
    """`Adam(model.head.parameters())`: what is let learn has to be in the optimizer as well."""
    call = optimizer_call(signs)
    given = call.node.args[0] if call is not None and call.node.args else None
    if call is None or not isinstance(given, ast.Call) or not isinstance(given.func, ast.Attribute):
        return None
    part = given.func.value
    if given.func.attr != "parameters" or not isinstance(part, ast.Attribute) or dotted(part).startswith(("self.", "?")):
        return None
    return replace_node(call.script, part, call.script.segment(part.value))


def _edit(signs: Signs, args: Args) -> Edit | Change | None:
    thawed, held = _thawed(signs), _held_too(signs)
    return across(thawed, held) if thawed is not None and held is not None else thawed


def _thawed(signs: Signs) -> Edit | None:
    found: list[Edit | None] = []
    for script in scripts(signs):
        for node in ast.walk(script.tree):
            if (
                isinstance(node, ast.Assign)
                and any(isinstance(t, ast.Attribute) and t.attr == "requires_grad" for t in node.targets)
                and isinstance(node.value, ast.Constant)
                and node.value.value is False
            ):
                found.append(replace_node(script, node.value, "True"))
        for call in calls(script, ("requires_grad_",)):
            if call.args == ("False",):
                found.append(replace_node(script, call.node.args[0], "True"))
    return found[0] if len(found) == 1 else None


def title(signs: Signs, args: Args) -> str:
    def words() -> str:
        frozen = signs.wiring.frozen
        if not frozen:
            return bare
        return f"let {signs.wiring.names(frozen)} learn ({short(signs.wiring.size(frozen))} frozen weights)"

    bare = "let the frozen parameters learn"
    return said(words, bare)


def otherwise(signs: Signs, args: Args) -> str:
    code = ("for parameter in model.parameters():", "    parameter.requires_grad = True")
    return fragment("before the optimizer is built", *code)


FIX = Fix(id="unfreeze", safety="unsafe", title=title, edit=_edit, otherwise=otherwise)
