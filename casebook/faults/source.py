"""Verbs to change a script's text with: drop a call, put a line after it, replace an expression (LibCST)."""

from __future__ import annotations

import ast
from collections.abc import Callable

import libcst as cst
from base import NotHere

Test = Callable[[str], bool]


def code(node: cst.CSTNode) -> str:
    return cst.Module([]).code_for_node(node)


def owner_of(text: str, method: str) -> str:
    """What stands before `.method(...)`: the first such call in the script. Raises NotHere where there is none."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == method:
            return ast.unparse(node.func.value)
    raise NotHere(f"no .{method}()")


def calls(node: cst.CSTNode, method: str, owner: str | None = None) -> bool:
    """Is this statement a call of `.method`, on `owner` if one is given?"""
    if not (isinstance(node, cst.SimpleStatementLine) and len(node.body) == 1 and isinstance(node.body[0], cst.Expr)):
        return False
    call = node.body[0].value
    return (
        isinstance(call, cst.Call)
        and isinstance(call.func, cst.Attribute)
        and call.func.attr.value == method
        and (owner is None or code(call.func.value) == owner)
    )


def line(text: str) -> cst.SimpleStatementLine:
    made = cst.parse_statement(text)
    assert isinstance(made, cst.SimpleStatementLine)
    return made


class _Lines(cst.CSTTransformer):
    def __init__(
        self, test: Callable[[cst.CSTNode], bool], make: Callable[[cst.SimpleStatementLine], list[cst.SimpleStatementLine]]
    ):
        super().__init__()
        self.test, self.make = test, make
        self.hits = 0

    def leave_SimpleStatementLine(
        self, original_node: cst.SimpleStatementLine, updated_node: cst.SimpleStatementLine
    ) -> cst.SimpleStatementLine | cst.FlattenSentinel[cst.SimpleStatementLine] | cst.RemovalSentinel:
        if not self.test(original_node):
            return updated_node
        self.hits += 1
        made = self.make(updated_node)
        if not made:
            return updated_node.with_changes(body=[cst.Pass()])
        return cst.FlattenSentinel(made)


def change_lines(
    text: str, test: Callable[[cst.CSTNode], bool], make: Callable[[cst.SimpleStatementLine], list[cst.SimpleStatementLine]]
) -> str:
    change = _Lines(test, make)
    changed = cst.parse_module(text).visit(change)
    if not change.hits:
        raise NotHere("no such line")
    return changed.code


def drop_call(text: str, method: str, owner: str | None = None) -> str:
    return change_lines(text, lambda node: calls(node, method, owner), lambda node: [])


def after_call(text: str, method: str, statement: str, owner: str | None = None) -> str:
    return change_lines(text, lambda node: calls(node, method, owner), lambda node: [node, line(statement)])


def before_call(text: str, method: str, statement: str, owner: str | None = None) -> str:
    return change_lines(text, lambda node: calls(node, method, owner), lambda node: [line(statement), node])


def after_assignment(text: str, test: Test, statement: str) -> str:
    """A statement after the first assignment whose value's code passes `test`."""
    seen: list[cst.CSTNode] = []

    def is_it(node: cst.CSTNode) -> bool:
        if seen or not (isinstance(node, cst.SimpleStatementLine) and isinstance(node.body[0], cst.Assign)):
            return False
        if not test(code(node.body[0].value)):
            return False
        seen.append(node)
        return True

    return change_lines(text, is_it, lambda node: [node, line(statement)])


class _Calls(cst.CSTTransformer):
    def __init__(self, test: Callable[[cst.Call], bool], make: Callable[[cst.Call], str], most: int):
        super().__init__()
        self.test, self.make, self.most = test, make, most
        self.hits = 0

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.BaseExpression:
        if self.hits >= self.most or not self.test(original_node):
            return updated_node
        self.hits += 1
        return cst.parse_expression(self.make(updated_node))


def change_calls(text: str, test: Callable[[cst.Call], bool], make: Callable[[cst.Call], str], most: int = 99) -> str:
    change = _Calls(test, make, most)
    changed = cst.parse_module(text).visit(change)
    if not change.hits:
        raise NotHere("no such call")
    return changed.code


def named(*names: str) -> Callable[[cst.Call], bool]:
    """Is it a call of a function or method of one of these names?"""

    def test(call: cst.Call) -> bool:
        func = call.func
        return (isinstance(func, cst.Attribute) and func.attr.value in names) or (
            isinstance(func, cst.Name) and func.value in names
        )

    return test


def with_argument(call: cst.Call, place: int, wrap: str) -> str:
    """The call's code with one positional argument put into `wrap`, at its `{}`."""
    positional = [a for a in call.args if a.keyword is None and not a.star]
    if len(positional) <= place:
        raise NotHere("no such argument")
    made = [
        a.with_changes(value=cst.parse_expression(wrap.format(code(a.value)))) if a is positional[place] else a
        for a in call.args
    ]
    return code(call.with_changes(args=made))


def with_keyword(call: cst.Call, keyword: str, value: str) -> str:
    kept = [a for a in call.args if a.keyword is None or a.keyword.value != keyword]
    tight = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))
    return code(call.with_changes(args=[*kept, cst.Arg(cst.parse_expression(value), cst.Name(keyword), tight)]))


def without_keyword(call: cst.Call, keyword: str) -> str:
    kept = [a for a in call.args if a.keyword is None or a.keyword.value != keyword]
    if len(kept) == len(call.args):
        raise NotHere(f"no {keyword}=")
    kept[-1] = kept[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
    return code(call.with_changes(args=kept))
