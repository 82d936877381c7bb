"""What a name may stand for: followed through assignments, arguments and the returns of the script's own functions."""

from __future__ import annotations

import ast

from ..source.locate import FunctionNode, dotted
from .facts import FUNCTION, Binding, Facts, inner, last

DEPTH = 12

_PASSES = ("to", "cuda", "cpu", "float", "double", "half", "bfloat16", "train", "eval", "requires_grad_", "share_memory", "apply")
"""Methods of a module that give the module itself."""

_WRAPS = ("DataParallel", "DistributedDataParallel", "compile", "script")


def values(facts: Facts, node: ast.expr, depth: int = DEPTH) -> list[ast.expr] | None:
    """The expressions that `node` may stand for, none of them a name; None where one cannot be seen."""
    found: dict[ast.expr, None] = {}
    return list(found) if _collect(facts, node, found, set(), depth) else None


def _collect(facts: Facts, node: ast.expr, found: dict[ast.expr, None], seen: set[ast.AST], depth: int) -> bool:
    if depth == 0:
        return False
    if isinstance(node, ast.IfExp):
        return all(_collect(facts, n, found, seen, depth - 1) for n in (node.body, node.orelse))
    if isinstance(node, ast.Name | ast.Attribute):
        bindings = facts.bindings(node)
        if not bindings:
            return False
        return all(_through(facts, b, found, seen, depth) for b in bindings)
    if isinstance(node, ast.Call):
        inside = passed_on(facts, node)
        if inside is not None:
            return _collect(facts, inside, found, seen, depth - 1)
        function = own_function(facts, node)
        if function is not None:
            return _returned(facts, function, None, found, seen, depth)
    found[node] = None
    return True


def _through(facts: Facts, binding: Binding, found: dict[ast.expr, None], seen: set[ast.AST], depth: int) -> bool:
    """Each binding is gone through once, so that `model = model.to(device)` ends."""
    key = binding.value if binding.value is not None else binding.node
    if key in seen:
        return True
    seen.add(key)
    if binding.how == "value" and binding.value is not None:
        return _collect(facts, binding.value, found, seen, depth - 1)
    if binding.how == "unpack" and isinstance(binding.value, ast.Call):
        function = own_function(facts, binding.value)
        if function is not None:
            return _returned(facts, function, binding.index, found, seen, depth)
    if binding.how == "argument" and isinstance(binding.node, ast.arg):
        return _given(facts, binding.node, found, seen, depth)
    return False


def passed_on(facts: Facts, call: ast.Call) -> ast.expr | None:
    """The module that `net.to(device)`, `nn.DataParallel(net)` or `torch.compile(net)` gives back."""
    if isinstance(call.func, ast.Attribute) and call.func.attr in _PASSES and "?" not in dotted(call.func.value):
        return None if facts.full(call.func).startswith(("torch.", "numpy.")) else call.func.value
    if isinstance(call.func, ast.Attribute) and call.func.attr in _PASSES and isinstance(call.func.value, ast.Call):
        return call.func.value
    if last(call.func) in _WRAPS and facts.full(call.func).startswith("torch.") and call.args:
        return call.args[0]
    return None


def own_function(facts: Facts, call: ast.Call) -> FunctionNode | None:
    """The function or method of this script that a call runs for certain."""
    func = call.func
    if isinstance(func, ast.Name):
        bindings = facts.bindings(func)
        only = bindings[0].node if len(bindings) == 1 else None
        return only if isinstance(only, FUNCTION) else None
    if isinstance(func, ast.Attribute) and isinstance(func.value, ast.Name) and func.value.id == "self":
        cls = facts.own_class(call)
        if cls is not None and not facts.subclassed(cls):
            for above in facts.lineage(cls):
                for item in above.body:
                    if isinstance(item, FUNCTION) and item.name == func.attr:
                        return item
    return None


def _returned(
    facts: Facts, function: FunctionNode, index: int | None, found: dict[ast.expr, None], seen: set[ast.AST], depth: int
) -> bool:
    if function.decorator_list or isinstance(function, ast.AsyncFunctionDef):
        return False
    nodes = [n for s in function.body for n in inner(s)]
    if any(isinstance(n, ast.Yield | ast.YieldFrom) for n in nodes):
        return False
    returns = [n.value for n in nodes if isinstance(n, ast.Return)]
    if not returns:
        return False
    for value in returns:
        if value is None:
            return False
        if index is not None:
            if not isinstance(value, ast.Tuple) or index >= len(value.elts) or isinstance(value.elts[index], ast.Starred):
                return False
            value = value.elts[index]
        if not _collect(facts, value, found, seen, depth - 1):
            return False
    return True


def _given(facts: Facts, argument: ast.arg, found: dict[ast.expr, None], seen: set[ast.AST], depth: int) -> bool:
    arguments = facts.parents.get(argument)
    function = facts.parents.get(arguments) if arguments is not None else None
    if not isinstance(function, FUNCTION):
        return False
    handed = handed_over(facts, function, argument.arg)
    if not handed:
        return False
    return all(_collect(facts, value, found, seen, depth - 1) for value in handed)


def calls_of(facts: Facts, function: FunctionNode) -> list[ast.Call] | None:
    """Every call of a function of this script; None where it is handed about, or may be another one that is called."""
    cls = facts.parents.get(function)
    if isinstance(cls, ast.ClassDef):
        name = cls.name if function.name == "__init__" else function.name
        if function.name == "__init__":
            return [c for c in facts.calls.get(name, []) if isinstance(c.func, ast.Name)]
        if len(facts.functions[name]) > 1 or function.decorator_list:
            return None
        used = [a for a in facts.attributes.get(name, []) if isinstance(a.ctx, ast.Load)]
    else:
        name = function.name
        if len(facts.functions[name]) > 1 or function.decorator_list:
            return None
        used = [n for n in facts.names.get(name, []) if isinstance(n.ctx, ast.Load)]  # type: ignore[misc]
    calls = []
    for use in used:
        parent = facts.parents.get(use)
        if not isinstance(parent, ast.Call) or parent.func is not use:
            return None
        calls.append(parent)
    return calls


def handed_over(facts: Facts, function: FunctionNode, name: str) -> list[ast.expr] | None:
    """What the calls of a function give for a parameter (its default where one gives nothing); None if unsure."""
    calls = calls_of(facts, function)
    if calls is None:
        return None
    found = []
    for call in calls:
        value = given_for(facts, call, function, name)
        if value is None:
            return None
        found.append(value)
    return found


def given_for(facts: Facts, call: ast.Call, function: FunctionNode, name: str) -> ast.expr | None:
    """What one call gives for a parameter, or the parameter's default."""
    if any(k.arg is None for k in call.keywords):
        return None
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    args = function.args
    names = [a.arg for a in (*args.posonlyargs, *args.args)]
    if names[:1] in (["self"], ["cls"]) and isinstance(facts.parents.get(function), ast.ClassDef):
        names = names[1:]
    if name in names:
        if any(isinstance(a, ast.Starred) for a in call.args[: names.index(name) + 1]):
            return None
        if names.index(name) < len(call.args):
            return call.args[names.index(name)]
        back = names.index(name) - len(names) + len(args.defaults)
        return args.defaults[back] if 0 <= back < len(args.defaults) else None
    for argument, default in zip(args.kwonlyargs, args.kw_defaults, strict=True):
        if argument.arg == name:
            return default
    return None


def receives(facts: Facts, call: ast.Call, function: FunctionNode, value: ast.expr) -> str | None:
    """The parameter that gets `value`, one of the call's own arguments; None if it cannot be told."""
    for keyword in call.keywords:
        if keyword.value is value:
            return keyword.arg
    names = [a.arg for a in (*function.args.posonlyargs, *function.args.args)]
    if names[:1] in (["self"], ["cls"]) and isinstance(facts.parents.get(function), ast.ClassDef):
        names = names[1:]
    for index, argument in enumerate(call.args):
        if isinstance(argument, ast.Starred):
            return None
        if argument is value:
            return names[index] if index < len(names) else None
    return None


def constructors(facts: Facts, node: ast.expr) -> list[ast.Call]:
    """The calls that may have made what `node` stands for; empty where that cannot be told for all of them."""
    found = values(facts, node)
    if not found or not all(isinstance(v, ast.Call) for v in found):
        return []
    return [v for v in found if isinstance(v, ast.Call)]


def kinds(facts: Facts, node: ast.expr) -> frozenset[str]:
    """Full names of the classes or functions that made what `node` stands for; empty where one is unknown."""
    return frozenset(facts.full(call.func) for call in constructors(facts, node))


def network(facts: Facts, node: ast.expr) -> ast.ClassDef | None:
    """The one network class of this script that `node` is an instance of."""
    made = {dotted(call.func) for call in constructors(facts, node)}
    if len(made) == 1:
        return facts.networks.get(made.pop())
    return None
