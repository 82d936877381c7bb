"""A recurrent state goes from batch to batch still attached: the second backward fails, or memory grows with each.

Silent where the state is detached, cut, re-made or passed to anything else inside the loop, where backward is
conditional (several steps on purpose), and where the model is not one of torch's or this script's.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...source.diff import Edit, insert_before
from ...source.locate import RECURRENT, LoopNode, dotted
from ..check import Alarm, Check
from ..facts import FUNCTION, Facts, inner
from ..reach import under_no_grad
from ..training import plain_backwards
from ..values import constructors, network


def look(facts: Facts) -> Iterator[Alarm]:
    for backward in plain_backwards(facts):
        loops = facts.loops(backward)
        if not loops or facts.conditional(backward, loops[0]):
            continue
        loop = loops[0]
        for statement in loop.body:
            state = _carried(facts, loop, statement)
            if state is not None and not _renewed(loop, statement, state) and not under_no_grad(facts, statement):
                yield _alarm(facts, statement, state)


def _carried(facts: Facts, loop: LoopNode, statement: ast.stmt) -> str | None:
    """The name that a model's call takes and gives back: `out, h = net(x, h)`."""
    if not isinstance(statement, ast.Assign) or len(statement.targets) != 1 or not isinstance(statement.value, ast.Call):
        return None
    target, call = statement.targets[0], statement.value
    if not isinstance(target, ast.Tuple) or len(target.elts) != 2 or len(call.args) < 2:
        return None
    state = target.elts[1]
    names = [state] if isinstance(state, ast.Name) else list(getattr(state, "elts", []))
    given = call.args[1]
    if not names or ast.unparse(state).strip("()") != ast.unparse(given).strip("()"):
        return None
    if not all(isinstance(n, ast.Name) for n in names) or not _attached(facts, call):
        return None
    return dotted(names[0])


def _attached(facts: Facts, call: ast.Call) -> bool:
    """Does the called net hand its state on with its graph, for certain?"""
    if not facts.bindings(call.func):
        return False
    made = {facts.full(c.func) for c in constructors(facts, call.func)}
    if made and all(m.startswith("torch.nn.") and m.rpartition(".")[2] in RECURRENT[:3] for m in made):
        return True
    cls = network(facts, call.func)
    if cls is None or not facts.whole_family(cls):
        return False
    forward = next((m for m in cls.body if isinstance(m, FUNCTION) and m.name == "forward"), None)
    if forward is None or len(forward.args.args) < 3:
        return False
    words = {n.attr for n in ast.walk(cls) if isinstance(n, ast.Attribute)}
    words |= {n.id for n in ast.walk(cls) if isinstance(n, ast.Name)}
    if words & {"detach", "detach_", "data", "no_grad", "item", "clone"} or any("detach" in w or "repack" in w for w in words):
        return False
    return _uses_state(forward)


def _uses_state(forward: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Is the second argument given to a recurrent layer's call, and its result returned?"""
    state = forward.args.args[2].arg
    for node in ast.walk(forward):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            target, given = node.targets[0], {n.id for a in node.value.args for n in ast.walk(a) if isinstance(n, ast.Name)}
            if isinstance(target, ast.Tuple) and state in given and len(target.elts) == 2 and isinstance(target.elts[1], ast.Name):
                returns = [r.value for r in ast.walk(forward) if isinstance(r, ast.Return) and r.value is not None]
                return target.elts[1].id in {n.id for r in returns for n in ast.walk(r) if isinstance(n, ast.Name)}
    return False


def _renewed(loop: LoopNode, carried: ast.stmt, state: str) -> bool:
    """Is the state touched by anything else in the loop that may cut or renew it?"""
    for statement in loop.body:
        for node in inner(statement):
            if node is carried or statement is carried:
                continue
            if isinstance(node, ast.Name) and node.id == state:
                return True
    return isinstance(loop, ast.For) and any(isinstance(n, ast.Name) and n.id == state for n in ast.walk(loop.target))


def _alarm(facts: Facts, statement: ast.stmt, state: str) -> Alarm:
    target = statement.targets[0] if isinstance(statement, ast.Assign) else None
    pair = target.elts[1] if isinstance(target, ast.Tuple) else None
    edit: Edit | None = None
    if isinstance(pair, ast.Tuple):
        names = [dotted(n) for n in pair.elts]
        line = f"{', '.join(names)} = {', '.join(f'{n}.detach()' for n in names)}"
        if not any(_starts_empty(facts, statement, name) for name in names):
            edit = insert_before(facts.script, statement.lineno, [line])
    return Alarm(
        statement, f"`{state}` carries the graph of every batch before into the next backward pass, which fails or grows. "
        f"Detach it before each batch.", edit=edit, title="detach the carried state",
    )  # fmt: skip


def _starts_empty(facts: Facts, statement: ast.stmt, name: str) -> bool:
    uses = [b for n in inner(statement) if isinstance(n, ast.Name) and n.id == name for b in facts.bindings(n)]
    return any(isinstance(b.value, ast.Constant) for b in uses)


CHECK = Check("state-not-detached", "carried-state", look, ("backward",))
