"""Where a loss loses its way back to the weights, as far as the text shows."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from .locate import FunctionNode, around, dotted, enclosing_function, imports, method, module_classes, within
from .script import Script

METHODS = ("detach", "detach_", "item", "numpy", "tolist", "argmax", "round", "long", "int", "sign")
FUNCTIONS = (
    "tensor", "as_tensor", "from_numpy", "argmax", "round", "Tensor", "FloatTensor", "LongTensor", "float", "sign",
    "Variable",
)  # fmt: skip
_SHAPES = ("view", "reshape", "expand", "size", "range", "zeros", "ones", "empty")
_REBUILDS = ("torch", "np", "numpy")
MAX_DEPTH = 4


@dataclass(frozen=True)
class Cut:
    """One place where a graph ends. `what` is its name (`detach`, `item`, `data`, `no_grad` ...)."""

    script: Script = field(repr=False)
    node: ast.expr | ast.stmt = field(repr=False)
    what: str

    @property
    def line(self) -> int:
        if isinstance(self.node, ast.Call) and self.node.func.end_lineno is not None:
            return self.node.func.end_lineno
        return self.node.lineno

    @property
    def text(self) -> str:
        return self.script.line(self.line).strip()


def cuts(script: Script, first_line: int, last_line: int, others: Sequence[Script] = ()) -> tuple[Cut, ...]:
    """Cuts on the way of what is used at `last_line` (the backward call), from `first_line` on, in that line's own
    function and in the functions called there, which may stand in `others`. What does not flow into
    that line (a loss read out for printing) is no cut."""
    function = enclosing_function(script, last_line)
    place: ast.AST = function if function is not None else script.tree
    here = [s for s in within(place) if isinstance(s, ast.stmt) and first_line <= s.lineno <= last_line]
    ending = [s for s in here if s.lineno <= last_line <= (s.end_lineno or s.lineno) and not hasattr(s, "body")]
    found: list[Cut] = []
    for statement in ending:
        _follow(script, (script, *others), [statement], [s for s in here if s is not statement], found, set(), 0)
    unique = {(c.script.file, c.line, c.script.span(c.node), c.what): c for c in found}
    return tuple(sorted(unique.values(), key=lambda c: (c.script.file != script.file, c.line)))


def _follow(
    script: Script, scripts: Sequence[Script], wanted: list[ast.AST], body: list[ast.stmt], found: list[Cut],
    seen: set[ast.AST], depth: int,
) -> None:  # fmt: skip
    """Go from what is wanted to the statements that make it, until nothing new is needed."""
    needed: set[str] = set()
    used: list[ast.AST] = []
    done: set[ast.AST] = set()
    queue = list(wanted)
    while queue:
        node = queue.pop()
        if node in seen:
            continue
        seen.add(node)
        used.append(node)
        needed |= _read(node)
        found.extend(_cuts_in(script, node))
        for statement in body:
            if statement not in done and _makes(statement) & needed:
                queue.extend(_sources(statement, needed))
                done.add(statement)
    for statement in body:
        inside = [n for n in used if isinstance(statement, ast.With) and n in set(ast.walk(statement))]
        if isinstance(statement, ast.With) and inside and _stops_gradients(statement):
            found.append(Cut(script, statement, _stops_gradients(statement)))
    if depth >= MAX_DEPTH:
        return
    for node in used:
        for where, function in _called(node, scripts, script):
            if function in seen or not _computes(where, function):
                continue
            seen.add(function)
            found.extend(Cut(where, function, name) for d in function.decorator_list if (name := _no_grad(d)))
            statements = [s for s in within(function) if isinstance(s, ast.stmt)]
            returned: list[ast.AST] = [s.value for s in statements if isinstance(s, ast.Return) and s.value is not None]
            _follow(where, scripts, returned, statements, found, seen, depth + 1)


def _computes(script: Script, function: FunctionNode) -> bool:
    """May a net be at work in this function, or does it only make data?"""
    if any(isinstance(n, ast.ClassDef) and method(n, "forward") for n in around(script, function.lineno)):
        return True
    names = {dotted(n.func).rpartition(".")[2] for n in ast.walk(function) if isinstance(n, ast.Call)}
    classes = set(module_classes(script))
    return any(name in _MODELS or name == "forward" or _instances(script, name) & classes for name in names)


def _read(node: ast.AST) -> set[str]:
    names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    names |= {dotted(n) for n in ast.walk(node) if isinstance(n, ast.Attribute) and dotted(n).startswith("self.")}
    return names - {"self", "torch", "nn", "F", "np"}


def _targets(node: ast.expr) -> set[str]:
    found = set()
    for target in ast.walk(node):
        if isinstance(target, ast.Name) and isinstance(target.ctx, ast.Store):
            found.add(target.id)
        elif isinstance(target, ast.Attribute) and isinstance(target.ctx, ast.Store):
            found.add(dotted(target))
        elif isinstance(target, ast.Subscript) and isinstance(target.ctx, ast.Store):
            found.add(dotted(target.value))
    return found


def _makes(statement: ast.stmt) -> set[str]:
    """Names that a statement gives a value, or adds to (`outputs.append(y)`)."""
    if isinstance(statement, ast.Assign):
        return set().union(*(_targets(t) for t in statement.targets))
    if isinstance(statement, ast.AugAssign | ast.AnnAssign | ast.For | ast.AsyncFor):
        return _targets(statement.target)
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        func = statement.value.func
        if isinstance(func, ast.Attribute) and func.attr in ("append", "extend", "insert", "add_", "copy_", "data_"):
            return {dotted(func.value)}
    return set()


def _sources(statement: ast.stmt, needed: set[str]) -> list[ast.AST]:
    if isinstance(statement, ast.For | ast.AsyncFor):
        return [statement.iter]
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target, value = statement.targets[0], statement.value
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts):
            return [v for t, v in zip(target.elts, value.elts, strict=True) if _targets(t) & needed]
    if isinstance(statement, ast.Assign | ast.AugAssign | ast.AnnAssign):
        return [statement.value] if statement.value is not None else []
    return [statement]


def _cuts_in(script: Script, node: ast.AST) -> Iterator[Cut]:
    for child in _outside_indices(node):
        if isinstance(child, ast.Attribute) and child.attr == "data" and not _is_setting(script, child):
            yield Cut(script, child, "data")
        if not isinstance(child, ast.Call):
            continue
        if isinstance(child.func, ast.Attribute):
            base = dotted(child.func.value)
            if base in _REBUILDS:
                if child.func.attr in FUNCTIONS and not _plain(child):
                    yield Cut(script, child, child.func.attr)
            elif child.func.attr in METHODS:
                yield Cut(script, child, child.func.attr)
        elif isinstance(child.func, ast.Name) and child.func.id in ("float", "int", "Variable") and not _plain(child):
            yield Cut(script, child, child.func.id)


def _is_setting(script: Script, node: ast.Attribute) -> bool:
    """`torch.utils.data`, `settings.data.steps`: no tensor's `.data`."""
    parent = script.parents.get(node)
    called = isinstance(parent, ast.Attribute) and isinstance(script.parents.get(parent), ast.Call)
    return dotted(node).partition(".")[0] in imports(script) or (isinstance(parent, ast.Attribute) and not called)


def _plain(call: ast.Call) -> bool:
    """`torch.tensor(0.0)`: made of literals, so nothing is lost in it."""
    return not call.args or all(not any(isinstance(n, ast.Name) for n in ast.walk(a)) for a in call.args)


def _outside_indices(node: ast.AST) -> Iterator[ast.AST]:
    """Nodes of an expression without what only says which, where or how many."""
    yield node
    for name, value in ast.iter_fields(node):
        if isinstance(node, ast.Subscript) and name == "slice":
            continue
        if name == "args" and isinstance(node, ast.Call) and dotted(node.func).rpartition(".")[2] in _SHAPES:
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and not isinstance(child, ast.Lambda):
                yield from _outside_indices(child)


def _no_grad(node: ast.expr) -> str:
    name = dotted(node.func if isinstance(node, ast.Call) else node).rpartition(".")[2]
    if name == "set_grad_enabled":
        off = isinstance(node, ast.Call) and node.args and getattr(node.args[0], "value", True) is False
        return name if off else ""
    return name if name in ("no_grad", "inference_mode") else ""


def _stops_gradients(node: ast.With) -> str:
    return next((name for item in node.items if (name := _no_grad(item.context_expr))), "")


def _called(node: ast.AST, scripts: Sequence[Script], own: Script) -> Iterator[tuple[Script, FunctionNode]]:
    """Functions of the scripts that an expression calls; a call of anything else may be of a module."""
    for call in ast.walk(node):
        if not isinstance(call, ast.Call):
            continue
        name = dotted(call.func).rpartition(".")[2]
        hits: list[tuple[Script, FunctionNode]] = []
        for script in scripts:
            hits += [
                (script, n) for n in ast.walk(script.tree)
                if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef) and n.name == name and name != "forward"
            ]  # fmt: skip
        if not hits and dotted(call.func).count(".") <= 1 and not dotted(call.func).startswith(("torch.", "nn.", "F.")):
            for script in scripts:
                classes = module_classes(script)
                built = _instances(script, name) & set(classes)
                for cls in built or (set(classes) if script is own and len(classes) == 1 and name in _MODELS else set()):
                    forward = method(classes[cls], "forward")
                    if forward is not None:
                        hits.append((script, forward))
        yield from hits


_MODELS = ("model", "net", "network", "lstm", "rnn", "self", "module")


def _instances(script: Script, name: str) -> set[str]:
    """Classes of whose instances one was assigned to a name (or attribute) like this."""
    found = set()
    for node in ast.walk(script.tree):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            value = node.value
            if isinstance(value.func, ast.Attribute) and value.func.attr in ("to", "cuda", "train", "float", "double"):
                value = value.func.value if isinstance(value.func.value, ast.Call) else value
            if any(dotted(t).rpartition(".")[2] == name for t in node.targets):
                found.add(dotted(value.func).rpartition(".")[2])
    return found
