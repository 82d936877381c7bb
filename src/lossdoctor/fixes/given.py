"""Which parameters an optimizer is given, as the script writes it: at its constructor or behind helpers and tables of it."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from ..signs import Signs
from ..source import Call, Script, calls, optimizer_name
from ..source.locate import (
    OPTIMIZERS,
    FunctionNode,
    all_calls,
    assigned_to,
    dotted,
    enclosing_class,
    enclosing_function,
    scope,
    within,
)
from .places import backward, one, optimizer_call, scripts

MAX_HOPS = 6


@dataclass(frozen=True)
class Given:
    """`node` says which parameters they are (`model.parameters()`), `made` is the call that makes the optimizer."""

    script: Script = field(repr=False)
    node: ast.expr = field(repr=False)
    made: Call = field(repr=False)


def given_parameters(signs: Signs) -> Given | None:
    """The one expression that says what this training's optimizer holds; None where there is none, or several."""
    found: dict[tuple[str, tuple[int, int]], Given] = {}
    for call in optimizers_made(signs):
        given = _given(scripts(signs), call, MAX_HOPS)
        if given is None:
            return None
        found[given.script.file, given.script.span(given.node)] = given
    return next(iter(found.values())) if len(found) == 1 else None


def optimizers_made(signs: Signs) -> list[Call]:
    """The calls that may have made this training's optimizer: of the class that was seen, else what its name was given."""
    seen = signs.step.optimizer
    files = scripts(signs)
    names = (seen.cls,) if seen is not None and seen.cls else OPTIMIZERS
    direct = [call for script in files for call in calls(script, names)]
    return direct or [c for c in _bound(signs, files) if c.last not in OPTIMIZERS]


def outer_call(signs: Signs) -> Call | None:
    """The one call whose value is kept as the optimizer: its constructor, or a function that makes it."""
    files = scripts(signs)
    direct = optimizer_call(signs)
    if direct is not None and assigned_to(direct.script, direct.node) is not None:
        return direct
    return one(_kept(signs, files))


def whole_model(script: Script, node: ast.expr) -> tuple[ast.expr, ast.expr] | None:
    """(what `parameters()` is asked of, the model that it is a part or a copy of): `model.head.parameters()`,
    `copy.deepcopy(model).parameters()`, `list(model.head.parameters())`. None where it is neither."""
    if isinstance(node, ast.Call) and dotted(node.func) in ("list", "tuple", "iter") and len(node.args) == 1:
        node = node.args[0]
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
        return None
    if node.func.attr not in ("parameters", "named_parameters") or node.args or node.keywords:
        return None
    part = node.func.value
    if isinstance(part, ast.Call) and dotted(part.func).rpartition(".")[2] == "deepcopy" and len(part.args) == 1:
        return part, part.args[0]
    if isinstance(part, ast.Attribute) and "?" not in dotted(part) and dotted(part.value) != "self":
        return part, part.value
    return None


def _bound(signs: Signs, files: tuple[Script, ...]) -> list[Call]:
    """`optimizer = kinds[name](model.parameters())`, or what `make_optimizer(model)` returns."""
    return [inner for call in _kept(signs, files) for inner in _inside(files, call, MAX_HOPS)]


def _kept(signs: Signs, files: tuple[Script, ...]) -> list[Call]:
    """The calls whose value the optimizer's name is given."""
    place = backward(signs)
    name = optimizer_name(*place) if place is not None else None
    if place is None or name is None:
        return []
    names = {name.rpartition(".")[2]} | _passed_for(files, place, name)
    return [
        call for script in files for call in all_calls(script)
        if (target := assigned_to(script, call.node)) is not None and target.rpartition(".")[2] in names
    ]  # fmt: skip


def _passed_for(files: tuple[Script, ...], place: tuple[Script, int], name: str) -> set[str]:
    """What callers give for an optimizer that is an argument of the training function."""
    function = enclosing_function(*place)
    if function is None or name not in _parameters(function):
        return set()
    passed = [_argument(files, call, function, name) for call in _callers(files, function)]
    return {dotted(node).rpartition(".")[2] for _, node in filter(None, passed)}


def _inside(files: tuple[Script, ...], call: Call, hops: int) -> list[Call]:
    """The calls that a function of the script's own returns, else the call itself."""
    function = _own(files, call)
    if function is None or hops == 0:
        return [call]
    script, node = function
    ends = [n.value for n in within(node) if isinstance(n, ast.Return)]
    inner = [c for c in all_calls(script) if any(c.node is end for end in ends)]
    return [deep for c in inner for deep in _inside(files, c, hops - 1)]


def _own(files: tuple[Script, ...], call: Call) -> tuple[Script, FunctionNode] | None:
    found = [
        (s, n) for s in files for n in ast.walk(s.tree)
        if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef) and n.name == call.name.rpartition(".")[2]
    ]  # fmt: skip
    return found[0] if len(found) == 1 else None


def _given(files: tuple[Script, ...], call: Call, hops: int) -> Given | None:
    named = next((k.value for k in call.node.keywords if k.arg == "params"), None)
    node = named if named is not None else (call.node.args[0] if call.node.args else None)
    return None if node is None or isinstance(node, ast.Starred) else _followed(files, call.script, node, call, hops)


def _followed(files: tuple[Script, ...], script: Script, node: ast.expr, made: Call, hops: int) -> Given | None:
    """A name followed to the one value that it is given, an argument to what the one caller gives."""
    if not isinstance(node, ast.Name) or hops == 0:
        return Given(script, node, made)
    place = scope(script, node.lineno)
    if isinstance(place, ast.FunctionDef | ast.AsyncFunctionDef) and node.id in _parameters(place):
        passed = [_argument(files, call, place, node.id) for call in _callers(files, place)]
        if len(passed) != 1 or passed[0] is None or _is_bound(place, node.id):
            return None
        return _followed(files, *passed[0], made, hops - 1)
    values = [
        n.value for n in within(place)
        if isinstance(n, ast.Assign) and len(n.targets) == 1 and isinstance(n.targets[0], ast.Name) and n.targets[0].id == node.id
    ]  # fmt: skip
    return _followed(files, script, values[0], made, hops - 1) if len(values) == 1 else None


def _is_bound(place: ast.AST, name: str) -> bool:
    return any(isinstance(n, ast.Name) and n.id == name and isinstance(n.ctx, ast.Store) for n in within(place))


def _parameters(function: FunctionNode) -> list[str]:
    return [a.arg for a in (*function.args.posonlyargs, *function.args.args)]


def _callers(files: tuple[Script, ...], function: FunctionNode) -> list[Call]:
    return [c for s in files for c in all_calls(s) if c.name.rpartition(".")[2] == function.name]


def _argument(files: tuple[Script, ...], call: Call, function: FunctionNode, name: str) -> tuple[Script, ast.expr] | None:
    """What a call gives for a parameter; None where that is not visible."""
    if call.open_ended:
        return None
    for keyword in call.node.keywords:
        if keyword.arg == name:
            return call.script, keyword.value
    home = next((s for s in files if any(n is function for n in ast.walk(s.tree))), None)
    names = _parameters(function)
    if home is not None and enclosing_class(home, function.lineno) is not None:
        names = names[1:]
    position = names.index(name) if name in names else len(call.node.args)
    return (call.script, call.node.args[position]) if position < len(call.node.args) else None
