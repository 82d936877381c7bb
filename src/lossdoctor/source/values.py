"""Where a number that a call is given stands in the text: at the call, or where its name got it."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass, field

from .locate import Call, all_calls, enclosing_class, enclosing_function, method
from .script import Script
from .settings_file import alike, settings_beside
from .signatures import position_of

MAX_HOPS = 6


@dataclass(frozen=True)
class Origin:
    """The literal that an argument comes from, and its value."""

    script: Script = field(repr=False)
    node: ast.expr = field(repr=False)
    value: float

    @property
    def line(self) -> int:
        return self.node.lineno


def argument(call: Call, keyword: str) -> ast.expr | None:
    """What a call is given for `keyword`, by name or by position; None where it is not, or not visibly."""
    for given in call.node.keywords:
        if given.arg == keyword:
            return given.value
    position = position_of(call.last, keyword)
    if position is None or position >= len(call.node.args):
        return None
    if any(isinstance(a, ast.Starred) for a in call.node.args[: position + 1]):
        return None
    return call.node.args[position]


def starred(call: Call, keyword: str) -> ast.expr | None:
    """What `**settings` gives a call for `keyword`: the value in a dictionary that is written out, or `settings["keyword"]`."""
    for given in call.node.keywords:
        if given.arg is not None:
            continue
        owner = bound(call.script, given.value) if isinstance(given.value, ast.Name) else given.value
        if isinstance(owner, ast.Dict):
            values = [v for k, v in zip(owner.keys, owner.values, strict=True) if isinstance(k, ast.Constant) and k.value == keyword]
            if values:
                return values[0]
            continue
        key = ast.Subscript(given.value, ast.Constant(keyword), ast.Load())
        return ast.copy_location(key, given.value)
    return None


def origin(script: Script, node: ast.expr | None, hops: int = MAX_HOPS) -> Origin | None:
    """Follow names to the one literal they stand for: constants, defaults of parameters that no call gives,
    attributes of settings classes, keys of dictionaries written out, `add_argument(default=...)`, a number in a settings
    file that the script names. None where the value is computed, read from elsewhere, or bound more than once."""
    if node is None or hops == 0:
        return None
    value = number(node)
    if value is not None:
        return Origin(script, node, value)
    found: Origin | None = None
    if isinstance(node, ast.Name):
        found = origin(script, bound(script, node), hops - 1)
    elif isinstance(node, ast.Attribute):
        found = origin(script, _attribute(script, node), hops - 1)
    elif isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
        found = origin(script, _only(_keyed(script, ast.unparse(node.value), node.slice.value)), hops - 1)
    elif isinstance(node, ast.Call) and (same := _same_number(node)) is not None:
        found = origin(script, same, hops - 1)
    return found if found is not None else _in_settings(script, node)


def _same_number(node: ast.Call) -> ast.expr | None:
    """What `int(x)`, `float(x)`, `max(1, x)` make a number of."""
    name = node.func.id if isinstance(node.func, ast.Name) else ""
    if node.keywords or (len(node.args) == 1 and name not in ("int", "float", "round")):
        return None
    if len(node.args) == 1:
        return node.args[0]
    computed = [a for a in node.args if number(a) is None]
    return computed[0] if name == "max" and len(node.args) == 2 and len(computed) == 1 else None


def _in_settings(script: Script, node: ast.expr) -> Origin | None:
    """The one number under this name in the settings files that the script names."""
    keys = setting_keys(script, node)
    if not keys:
        return None
    named = [s for s in settings_beside(script) if s.key == keys[-1] and isinstance(s.value, float)]
    if len(named) > 1 and len(keys) > 1:
        named = [s for s in named if keys[-2] in {alike(part) for part in s.path[:-1]}]
    return Origin(named[0].script, named[0].node, float(named[0].value)) if len(named) == 1 else None


def setting_keys(script: Script, node: ast.expr) -> tuple[str, ...]:
    """(section, key) or (key) by which an expression asks for a setting; () where it asks for none."""
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
        owner = bound(script, node.value) if isinstance(node.value, ast.Name) else node.value
        section = setting_keys(script, owner)[-1:] if isinstance(owner, ast.Subscript | ast.Attribute) else ()
        return (*section, alike(node.slice.value))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr.startswith("get"):
        words = [alike(a.value) for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
        owner = bound(script, node.func.value) if isinstance(node.func.value, ast.Name) else node.func.value
        section = setting_keys(script, owner)[-1:] if isinstance(owner, ast.Subscript) else ()
        return (*section, *words[:2])
    if isinstance(node, ast.Attribute):
        spelled = ast.unparse(node)
        set_here = [n for n in ast.walk(script.tree) if isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Store) and ast.unparse(n) == spelled]
        return () if set_here else (alike(node.attr),)
    if isinstance(node, ast.Name):
        function = enclosing_function(script, node.lineno)
        arguments = function.args if function is not None else None
        if arguments is not None and any(a.arg == node.id for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)):
            return (alike(node.id),)
    return ()


def number(node: ast.expr) -> float | None:
    """The value of a literal number, with its sign."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = number(node.operand)
        return None if inner is None else -inner
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
        return float(node.value)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
        base, power = number(node.left), number(node.right)
        if base is not None and power is not None and base > 0 and abs(power) < 300:
            return float(base**power)
    return None


def _only(found: Sequence[ast.expr]) -> ast.expr | None:
    return found[0] if len(found) == 1 else None


def bound(script: Script, name: ast.Name) -> ast.expr | None:
    """What the one binding of a name gives it, as far as its scope shows."""
    function = enclosing_function(script, name.lineno)
    while function is not None:
        arguments = [*function.args.posonlyargs, *function.args.args]
        positions = {a.arg: index for index, a in enumerate(arguments)}
        keyword_only = {a.arg: d for a, d in zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True)}
        inside = _bindings(function, name.id)
        if name.id in positions or name.id in keyword_only:
            if inside:
                return None
            default: ast.expr | None
            if name.id in keyword_only:
                default = keyword_only[name.id]
            else:
                back = positions[name.id] - len(arguments) + len(function.args.defaults)
                default = function.args.defaults[back] if back >= 0 else None
            return _given(script, function, name.id, positions.get(name.id), default)
        if inside:
            return _only([v for v in inside if v is not None]) if None not in inside else None
        parent = script.parents.get(function)
        while parent is not None and not isinstance(parent, ast.FunctionDef | ast.AsyncFunctionDef):
            parent = script.parents.get(parent)
        function = parent
    top = _bindings(script.tree, name.id)
    return _only([v for v in top if v is not None]) if None not in top else None


def _bindings(place: ast.AST, name: str) -> list[ast.expr | None]:
    """The values bound to a name in a scope; None stands for a binding that gives no plain value."""
    found: list[ast.expr | None] = []

    def visit(node: ast.AST) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
                if any(isinstance(n, ast.Global) and name in n.names for n in ast.walk(child)):
                    found.append(None)
                continue
            if isinstance(child, ast.Assign) and any(isinstance(t, ast.Name) and t.id == name for t in child.targets):
                found.append(child.value)
                visit(child.value)
                continue
            if isinstance(child, ast.Assign) and len(child.targets) == 1 and (pair := _in_tuple(child, name)) is not None:
                found.append(pair)
                visit(child.value)
                continue
            if isinstance(child, ast.AnnAssign) and isinstance(child.target, ast.Name) and child.target.id == name:
                if child.value is not None:
                    found.append(child.value)
                continue
            if isinstance(child, ast.Name) and child.id == name and isinstance(child.ctx, ast.Store):
                found.append(None)
            visit(child)

    visit(place)
    return found


def _in_tuple(node: ast.Assign, name: str) -> ast.expr | None:
    """The value that `a, b = 1, 2` gives a name."""
    target, value = node.targets[0], node.value
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts):
        pairs = [v for t, v in zip(target.elts, value.elts, strict=True) if ast.unparse(t) == name]
        if len(pairs) == 1 and not any(isinstance(e, ast.Starred) for e in (*target.elts, *value.elts)):
            return pairs[0]
    return None


def _given(
    script: Script, function: ast.FunctionDef | ast.AsyncFunctionDef, name: str, position: int | None,
    default: ast.expr | None,
) -> ast.expr | None:  # fmt: skip
    """What the calls of a function give for a parameter: the one value, or the default where none gives one."""
    called = function.name
    if function.name == "__init__":
        cls = enclosing_class(script, function.lineno)
        called = cls.name if cls is not None else called
        if cls is not None and method(cls, "__init__") is not function:
            return None
    offset = 1 if position is not None and enclosing_class(script, function.lineno) is not None else 0
    values: list[ast.expr] = []
    for call in all_calls(script):
        if call.name.rpartition(".")[2] != called:
            continue
        if call.open_ended:
            return None
        keyword = next((k.value for k in call.node.keywords if k.arg == name), None)
        if keyword is not None:
            values.append(keyword)
        elif position is not None and 0 <= position - offset < len(call.node.args):
            values.append(call.node.args[position - offset])
        elif default is not None:
            values.append(default)
        else:
            return None
    if not values:
        return default
    first = values[0]
    return first if all(v is first for v in values) else None


def _attribute(script: Script, node: ast.Attribute) -> ast.expr | None:
    """The value behind `settings.lr`: an `add_argument`, a class attribute, or one assignment to it."""
    found: list[ast.expr] = []
    name = node.attr
    owner = ast.unparse(node.value)
    for child in ast.walk(script.tree):
        if isinstance(child, ast.Assign | ast.AugAssign | ast.AnnAssign):
            targets = child.targets if isinstance(child, ast.Assign) else [child.target]
            for target in targets:
                if isinstance(target, ast.Attribute) and target.attr == name and ast.unparse(target.value) == owner:
                    if isinstance(child, ast.AugAssign) or child.value is None:
                        return None
                    found.append(child.value)
            if isinstance(child, ast.Assign) and len(targets) == 1 and (pair := _in_tuple(child, f"{owner}.{name}")) is not None:
                found.append(pair)
    if owner == "self":
        cls = enclosing_class(script, node.lineno)
        found.extend(_class_values(cls, name) if cls is not None and not found else [])
        return _only(found)
    for call in all_calls(script):
        if call.last == "add_argument":
            flags = [a.value for a in call.node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
            dest = next((k.value for k in call.node.keywords if k.arg == "dest"), None)
            names = [dest.value] if isinstance(dest, ast.Constant) else [f.lstrip("-").replace("-", "_") for f in flags]
            if name in names:
                found.extend(k.value for k in call.node.keywords if k.arg == "default")
        if call.last in ("Namespace", "SimpleNamespace"):
            found.extend(k.value for k in call.node.keywords if k.arg == name)
    for child in ast.walk(script.tree):
        if isinstance(child, ast.ClassDef) and method(child, "forward") is None:
            found.extend(_class_values(child, name))
    return _only(found)


def _class_values(cls: ast.ClassDef, name: str) -> list[ast.expr]:
    found = []
    for child in cls.body:
        if isinstance(child, ast.Assign) and any(isinstance(t, ast.Name) and t.id == name for t in child.targets):
            found.append(child.value)
        if (
            isinstance(child, ast.AnnAssign)
            and isinstance(child.target, ast.Name)
            and child.target.id == name
            and child.value is not None
        ):
            found.append(child.value)
    return found


def _keyed(script: Script, owner: str, key: str) -> list[ast.expr]:
    """Values of a key in the dictionary written out for a name."""
    found: list[ast.expr] = []
    for child in ast.walk(script.tree):
        if not isinstance(child, ast.Assign) or not any(ast.unparse(t) == owner for t in child.targets):
            if isinstance(child, ast.Assign) and any(
                isinstance(t, ast.Subscript) and ast.unparse(t) == f"{owner}[{key!r}]" for t in child.targets
            ):
                found.append(child.value)
            continue
        if isinstance(child.value, ast.Dict):
            found.extend(
                v for k, v in zip(child.value.keys, child.value.values, strict=True)
                if isinstance(k, ast.Constant) and k.value == key
            )  # fmt: skip
        elif isinstance(child.value, ast.Call) and ast.unparse(child.value.func) == "dict":
            found.extend(k.value for k in child.value.keywords if k.arg == key)
    return found
