"""The two ends of a model: where its input comes in, and where its answer goes out to the loss."""

from __future__ import annotations

import ast
from collections.abc import Callable

from ..signs import Signs
from ..source import Call, Edit, Script, insert_after, insert_before, replace_node, together
from ..source.locate import FunctionNode, assigned_to, enclosing_class, method, statement_of
from .compared import compared
from .places import model_class, named_calls, one, recurrent_call, returns

Rewrite = Callable[[str], str]
"""An expression made of the text of another."""


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


def bracketed(text: str, node: ast.expr) -> str:
    return text if isinstance(node, ast.Name | ast.Call | ast.Attribute | ast.Subscript) else f"({text})"


def _bare(call: Call | None) -> tuple[Call, str, int] | None:
    """A layer that stands by itself in the script: its construction, its name, the line of that statement."""
    if call is None or enclosing_class(call.script, call.line) is not None:
        return None
    name, statement = assigned_to(call.script, call.node), statement_of(call.script, call.node)
    return (call, name, statement.lineno) if name is not None and statement is not None else None


def at_entry(signs: Signs, rewrite: Rewrite, lines: Callable[[str], list[str]] | None = None) -> Edit | None:
    """The model's input rewritten: by a first line of its forward (by `lines`, where one expression is not enough),
    or by a hook where its layers stand by themselves."""
    found = forward_of(signs)
    if found is not None:
        script, function = found
        start, x = first_statement(function), function.args.args[1].arg
        packed = any(c.packed for c in signs.wiring.calls) and "pack_" not in script.segment(function)
        if start is None or packed:
            return None  # What comes in is a packed sequence, which cannot be calculated with.
        return insert_before(script, start.lineno, lines(x) if lines is not None else [f"{x} = {rewrite(x)}"])
    if model_class(signs) is not None or lines is not None or named_calls(signs, ("Embedding", "Conv1d")):
        return None
    layer = _bare(recurrent_call(signs))
    if layer is None:
        return None
    call, name, line = layer
    hook = f"{name}.register_forward_pre_hook(lambda layer, given: ({rewrite('given[0]')}, *given[1:]))"
    return insert_after(call.script, line, [hook])


def at_exit(signs: Signs, rewrite: Rewrite) -> Edit | None:
    """The model's answer rewritten: in what its forward returns, or by a hook where its layers stand by themselves."""
    found = forward_of(signs)
    if found is not None:
        script, function = found
        ends = returns(function)
        answer = ends[0].value if len(ends) == 1 else None
        if isinstance(answer, ast.Tuple) and answer.elts:
            answer = answer.elts[0]
        if answer is None or isinstance(answer, ast.Dict | ast.List | ast.Tuple | ast.Starred):
            return None
        return replace_node(script, answer, rewrite(bracketed(script.segment(answer), answer)))
    if model_class(signs) is not None:
        return None
    layer = _bare(one(named_calls(signs, ("nn.Linear",))))
    if layer is None:
        return None
    call, name, line = layer
    return insert_after(call.script, line, [f"{name}.register_forward_hook(lambda layer, given, answer: {rewrite('answer')})"])


def at_loss(signs: Signs, answer: Rewrite, target: Rewrite) -> Edit | None:
    """What the loss compares, rewritten."""
    found = compared(signs)
    if found is None:
        return None
    script, given, wanted = found
    return together(
        replace_node(script, given, answer(bracketed(script.segment(given), given))),
        replace_node(script, wanted, target(bracketed(script.segment(wanted), wanted))),
    )
