"""Descend the loss where it is climbed."""

from __future__ import annotations

import ast

from ..signs import Signs
from ..source import Edit, Script, calls, drop_keyword, insert_after, replace_in_line, replace_node, set_keyword
from ..source.locate import assigned_to, scope, statement_of, within
from .fix import Args, Fix
from .given import outer_call
from .places import backward, fragment, optimizer_call, said, scripts


def _by_hand(script: Script) -> Edit | None:
    """`p += lr * p.grad`, `p.data.add_(p.grad, alpha=lr)`: the update itself climbs."""
    found: list[Edit | None] = []
    for node in ast.walk(script.tree):
        text = ast.unparse(node) if isinstance(node, ast.AugAssign | ast.Expr) else ""
        if ".grad" not in text:
            continue
        if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Add) and not text.partition("+= ")[2].startswith("-"):
            found.append(replace_in_line(script, node.target.end_lineno or node.lineno, "+=", "-="))
    for call in calls(script, ("add_",)):
        given = " ".join((*call.args, call.keywords.get("alpha", "")))
        if ".grad" in given and "-" not in given and ".grad" not in call.owner:
            found.append(replace_in_line(script, call.node.func.end_lineno or call.line, ".add_(", ".sub_("))
    return found[0] if len(found) == 1 else None


def _minus_taken(script: Script, node: ast.expr) -> Edit | None:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        begin, end = script.span(node)
        plain = isinstance(node.operand, ast.Call | ast.Name | ast.Attribute | ast.Subscript)
        edge = script.text[:begin][-1:] + script.text[end : end + 1]
        of_call = script.text[:begin][-2:-1].isalnum()
        if plain and edge == "()" and not of_call:
            return Edit(script, ((begin - 1, end + 1, script.segment(node.operand)),))
        return replace_node(script, node, script.segment(node.operand))
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        for side, other in ((node.left, node.right), (node.right, node.left)):
            if ast.unparse(side) in ("-1", "-1.0"):
                return replace_node(script, node, script.segment(other))
    return None


def _in_its_groups(signs: Signs) -> Edit | None:
    """An optimizer whose settings come from elsewhere (`**config`): told after it is made."""
    call = outer_call(signs)
    name = assigned_to(call.script, call.node) if call is not None else None
    statement = statement_of(call.script, call.node) if call is not None else None
    if call is None or name is None or statement is None:
        return None
    code = [f"for group in {name}.param_groups:", '    group["maximize"] = False']
    return insert_after(call.script, statement.lineno, code)


def _edit(signs: Signs, args: Args) -> Edit | None:
    call = optimizer_call(signs)
    if call is not None and call.keywords.get("maximize") == "True":
        return drop_keyword(call.script, call, "maximize")
    if signs.step.maximize:
        known = set_keyword(call.script, call, "maximize", "False") if call is not None and not call.open_ended else None
        return known or _in_its_groups(signs)
    place = backward(signs)
    if signs.step.optimizer is None and place is None:
        hands = [e for s in scripts(signs) if (e := _by_hand(s)) is not None]
        return hands[0] if len(hands) == 1 else None
    if place is None:
        return None
    script, line = place
    if signs.step.optimizer is None and (hand := _by_hand(script)) is not None:
        return hand
    back = [c for c in calls(script, ("backward",)) if c.line <= line <= c.end_line]
    if len(back) != 1 or not isinstance(back[0].node.func, ast.Attribute):
        return None
    loss = back[0].node.func.value
    direct = _minus_taken(script, loss)
    if direct is not None:
        return direct
    if isinstance(loss, ast.Name):
        made = [
            n.value for n in within(scope(script, line))
            if isinstance(n, ast.Assign) and len(n.targets) == 1 and isinstance(n.targets[0], ast.Name)
            and n.targets[0].id == loss.id and n.lineno <= line
        ]  # fmt: skip
        if len(made) == 1:
            plain = isinstance(made[0], ast.Call | ast.Name | ast.Attribute | ast.Subscript)
            text = script.segment(made[0])
            return _minus_taken(script, made[0]) or replace_node(script, made[0], f"-{text}" if plain else f"-({text})")
    return replace_node(script, loss, f"(-{script.segment(loss)})")


def otherwise(signs: Signs, args: Args) -> str:
    if said(lambda: "yes" if signs.step.maximize else "", ""):
        line = "optimizer = torch.optim.Adam(model.parameters(), lr=..., maximize=False)"
        return fragment("where the optimizer is built, or where its settings come from", line)
    return fragment("the backward pass, of the loss with its sign turned", "(-loss).backward()")


FIX = Fix(
    id="flip-sign",
    safety="unsafe",
    title=lambda signs, args: "turn the sign, so that the loss is descended",
    edit=_edit,
    otherwise=otherwise,
)
