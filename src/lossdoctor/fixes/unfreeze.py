"""Let frozen parameters learn."""

from __future__ import annotations

import ast

from ..signs import Signs
from ..source import Change, Edit, Script, across, calls, replace_node
from ..source.locate import dotted
from ..words import short
from .fix import Args, Fix
from .given import given_parameters, whole_model
from .places import fragment, said, scripts


def _held_too(signs: Signs) -> Edit | None:
    """`Adam(model.head.parameters())`: what is let learn has to be in the optimizer as well."""
    found = given_parameters(signs)
    whole = whole_model(found.script, found.node) if found is not None else None
    if found is None or whole is None:
        return None
    return replace_node(found.script, whole[0], found.script.segment(whole[1]))


def _chosen(script: Script) -> list[Edit | None]:
    """`[p.requires_grad_("head" in n) for n, p in model.named_parameters()]`: all of the model's parameters instead."""
    found: list[Edit | None] = []
    for node in ast.walk(script.tree):
        if not isinstance(node, ast.ListComp | ast.GeneratorExp) or len(node.generators) != 1:
            continue
        loop, made = node.generators[0], node.elt
        asked = loop.iter
        if not (isinstance(made, ast.Call) and isinstance(made.func, ast.Attribute) and made.func.attr == "requires_grad_"):
            continue
        if not made.args or isinstance(made.args[0], ast.Constant) or loop.ifs or not isinstance(asked, ast.Call):
            continue
        if isinstance(asked.func, ast.Attribute) and asked.func.attr in ("parameters", "named_parameters") and not asked.args:
            every = f"{script.segment(asked.func.value)}.parameters()"
            bracket = script.segment(node).startswith("(")  # `Adam(p for p in ps)`: the call's own
            found.append(replace_node(script, node, f"({every})" if bracket else every))
    return found


def _by_a_test(script: Script) -> list[Edit | None]:
    """`for n, p in model.named_parameters(): p.requires_grad = "head" in n`: all of them learn."""
    found: list[Edit | None] = []
    for loop in ast.walk(script.tree):
        if not (isinstance(loop, ast.For) and "parameters(" in script.segment(loop.iter)):
            continue
        names = {n.id for n in ast.walk(loop.target) if isinstance(n, ast.Name)}
        for node in loop.body:
            test: ast.expr | None = None
            if isinstance(node, ast.Assign) and any(isinstance(t, ast.Attribute) and t.attr == "requires_grad" for t in node.targets):
                test = node.value
            elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and node.value.args:
                call = node.value
                test = call.args[0] if dotted(call.func).rpartition(".")[2] == "requires_grad_" else None
            if test is not None and any(isinstance(n, ast.Name) and n.id in names for n in ast.walk(test)):
                found.append(replace_node(script, test, "True"))
    return found


def _edit(signs: Signs, args: Args) -> Edit | Change | None:
    thawed, held = _thawed(signs), _held_too(signs)
    return across(thawed, held) if thawed is not None and held is not None else thawed


def _thawed(signs: Signs) -> Edit | None:
    found: list[Edit | None] = []
    for script in scripts(signs):
        found.extend((*_chosen(script), *_by_a_test(script)))
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
