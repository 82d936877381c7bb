"""What the checks ask of a script: its names and what they are bound to, its classes, its calls. Built in one walk."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeAlias

from ..source.locate import FunctionNode, LoopNode, dotted
from ..source.script import Script

Scope: TypeAlias = ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
How: TypeAlias = Literal["value", "unpack", "loop", "context", "changed", "def", "class", "import", "argument", "other"]

FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)
SCOPE = (ast.Module, ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
LOOP = (ast.For, ast.AsyncFor, ast.While)

_MODULE_BASES = ("torch.nn.Module", "torch.nn.modules.module.Module", "torch.nn.modules.Module", "torch.nn.Sequential")


@dataclass(frozen=True)
class Binding:
    """One way in which a name gets its value. `index` counts in an unpacked value."""

    how: How
    node: ast.AST
    value: ast.expr | None = None
    index: int = 0


class Facts:
    """A script's tree, asked by node rather than by line."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.tree = script.tree
        self.parents = script.parents
        self.aliases: dict[str, str] = {}
        self.calls: dict[str, list[ast.Call]] = defaultdict(list)
        self.attributes: dict[str, list[ast.Attribute]] = defaultdict(list)
        self.names: dict[str, list[ast.Name]] = defaultdict(list)
        self.functions: dict[str, list[FunctionNode]] = defaultdict(list)
        self.classes: dict[str, ast.ClassDef] = {}
        self.bound: dict[Scope, dict[str, list[Binding]]] = defaultdict(lambda: defaultdict(list))
        self.held: dict[ast.ClassDef, dict[str, list[Binding]]] = defaultdict(lambda: defaultdict(list))
        for node in ast.walk(self.tree):
            self._note(node)

    def _note(self, node: ast.AST) -> None:
        if isinstance(node, ast.Call):
            self.calls[last(node.func)].append(node)
        elif isinstance(node, ast.Attribute):
            self.attributes[node.attr].append(node)
        elif isinstance(node, ast.Name):
            self.names[node.id].append(node)
            if isinstance(node.ctx, ast.Store):
                self._bind(node)
        elif isinstance(node, FUNCTION):
            self.functions[node.name].append(node)
            self.bound[self.scope(node)][node.name].append(Binding("def", node))
            self._arguments(node)
        elif isinstance(node, ast.Lambda):
            self._arguments(node)
        elif isinstance(node, ast.ClassDef):
            self.classes.setdefault(node.name, node)
            self.bound[self.scope(node)][node.name].append(Binding("class", node))
        elif isinstance(node, ast.Import):
            for alias in node.names:
                head = alias.name.partition(".")[0]
                self._import(node, alias.asname or head, alias.name if alias.asname else head)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                self._import(node, alias.asname or alias.name, f"{'.' * node.level}{node.module or ''}.{alias.name}")
        elif isinstance(node, ast.Global | ast.Nonlocal):
            for name in node.names:
                self.bound[self.tree][name].append(Binding("other", node))
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            self._hold(node)

    def _import(self, node: ast.AST, local: str, full: str) -> None:
        self.aliases[local] = full
        self.bound[self.scope(node)][local].append(Binding("import", node))

    def _arguments(self, node: FunctionNode | ast.Lambda) -> None:
        for argument in every_argument(node.args):
            self.bound[node][argument.arg].append(Binding("argument", argument))

    def _bind(self, node: ast.Name) -> None:
        self.bound[self.scope(node)][node.id].append(self._binding(node))

    def _hold(self, node: ast.Attribute) -> None:
        cls = self.own_class(node)
        if cls is not None and isinstance(node.value, ast.Name) and node.value.id == "self":
            self.held[cls][node.attr].append(self._binding(node))

    def _binding(self, target: ast.expr) -> Binding:
        parent = self.parents.get(target)
        if isinstance(parent, ast.Assign):
            return Binding("value", parent, parent.value)
        if isinstance(parent, ast.AnnAssign | ast.NamedExpr) and parent.target is target:
            return Binding("value", parent, parent.value)
        if isinstance(parent, ast.AugAssign):
            return Binding("changed", parent, parent.value)
        if isinstance(parent, ast.For | ast.AsyncFor | ast.comprehension):
            return Binding("loop", parent, parent.iter)
        if isinstance(parent, ast.withitem):
            return Binding("context", parent, parent.context_expr)
        if isinstance(parent, ast.Tuple | ast.List):
            return self._unpacked(target, parent)
        return Binding("other", target)

    def _unpacked(self, target: ast.expr, pattern: ast.Tuple | ast.List) -> Binding:
        above = self.parents.get(pattern)
        if isinstance(above, ast.For | ast.AsyncFor | ast.comprehension):
            return Binding("loop", above, above.iter)
        if isinstance(above, ast.Tuple | ast.List):  # `for i, (x, y) in enumerate(loader)`
            return self._unpacked(pattern, above)
        if not isinstance(above, ast.Assign):
            return Binding("other", target)
        index = pattern.elts.index(target)
        value = above.value
        if any(isinstance(e, ast.Starred) for e in pattern.elts[: index + 1]):
            return Binding("other", target)
        if isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(pattern.elts):
            return Binding("value", above, value.elts[index])
        return Binding("unpack", above, value, index)

    # Places

    def scope(self, node: ast.AST) -> Scope:
        """The function (or module) that a node stands in; a function's own default values stand outside it."""
        at = self.parents.get(node)
        while at is not None and not isinstance(at, SCOPE):
            at = self.parents.get(at)
        return at if at is not None else self.tree

    def own_class(self, node: ast.AST) -> ast.ClassDef | None:
        """The class whose method (or method's inner function) a node stands in."""
        at: ast.AST | None = node
        while at is not None and not isinstance(at, ast.ClassDef):
            at = self.parents.get(at)
        return at

    def statement(self, node: ast.AST) -> ast.stmt:
        at: ast.AST = node
        while not isinstance(at, ast.stmt):
            at = self.parents[at]
        return at

    def loops(self, node: ast.AST) -> list[LoopNode]:
        """The loops whose body a node stands in, inside its own function, the innermost first."""
        found: list[LoopNode] = []
        at: ast.AST = node
        while (above := self.parents.get(at)) is not None and not isinstance(above, SCOPE):
            if isinstance(above, LOOP) and any(at is s for s in above.body):
                found.append(above)
            at = above
        return found

    def inside(self, node: ast.AST, outer: ast.AST) -> bool:
        at: ast.AST | None = node
        while at is not None:
            if at is outer:
                return True
            at = self.parents.get(at)
        return False

    def conditional(self, node: ast.AST, outer: ast.AST) -> bool:
        """Does something between `node` and `outer` decide whether it runs?"""
        at = self.parents.get(node)
        while at is not None and at is not outer:
            if isinstance(at, ast.If | ast.IfExp | ast.Match | ast.ExceptHandler | ast.While | ast.BoolOp):
                return True
            at = self.parents.get(at)
        return False

    # Names

    def full(self, node: ast.expr) -> str:
        """A dotted name with its import alias resolved: `nn.LSTM` -> `torch.nn.LSTM`; `?` for what is no name."""
        head, dot, rest = dotted(node).partition(".")
        return self.aliases.get(head, head) + dot + rest

    def home(self, name: ast.Name) -> Scope | None:
        """The scope in which a name is bound; None for a builtin, or one from `import *`."""
        at: Scope | None = self.scope(name)
        while at is not None:
            if name.id in self.bound[at]:
                return at
            at = None if isinstance(at, ast.Module) else self.scope(at)
        return None

    def bindings(self, node: ast.expr) -> list[Binding]:
        """Every binding of a name in its scope, or of a `self.x` in its class; empty where there is none to see."""
        if isinstance(node, ast.Name):
            home = self.home(node)
            return list(self.bound[home][node.id]) if home is not None else []
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self":
            cls = self.own_class(node)
            return list(self.held[cls][node.attr]) if cls is not None and node.attr in self.held[cls] else []
        return []

    # Classes

    @cached_property
    def networks(self) -> dict[str, ast.ClassDef]:
        """Classes of this script that are `nn.Module`s for certain, by name."""
        found: dict[str, ast.ClassDef] = {}
        while True:
            more = {
                name: cls
                for name, cls in self.classes.items()
                if name not in found and any(self.full(b) in _MODULE_BASES or dotted(b) in found for b in cls.bases)
            }
            if not more:
                return found
            found |= more

    def whole_family(self, cls: ast.ClassDef) -> bool:
        """Are all bases of a class known: none, `object`, torch's Module, or classes of this script like that?"""
        for base in cls.bases:
            name = dotted(base)
            if self.full(base) in _MODULE_BASES or name in ("object", "ABC", "abc.ABC"):
                continue
            if name not in self.classes or self.classes[name] is cls or not self.whole_family(self.classes[name]):
                return False
        return True

    def lineage(self, cls: ast.ClassDef) -> Iterator[ast.ClassDef]:
        """A class and its bases in this script."""
        yield cls
        for base in cls.bases:
            above = self.classes.get(dotted(base))
            if above is not None and above is not cls:
                yield from self.lineage(above)

    def subclassed(self, cls: ast.ClassDef) -> bool:
        return any(dotted(b) == cls.name for other in self.classes.values() for b in other.bases)


def last(node: ast.expr) -> str:
    """The last part of a dotted name; `?` for anything else that is called."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else "?"


def owner(call: ast.Call) -> ast.expr | None:
    """`loss` in `loss.backward()`."""
    return call.func.value if isinstance(call.func, ast.Attribute) else None


def every_argument(args: ast.arguments) -> list[ast.arg]:
    rest = [a for a in (args.vararg, args.kwarg) if a is not None]
    return [*args.posonlyargs, *args.args, *args.kwonlyargs, *rest]


def same(a: ast.expr | None, b: ast.expr | None) -> bool:
    """The same name, as spelled."""
    return a is not None and b is not None and "?" not in dotted(a) and dotted(a) == dotted(b)


def inner(node: ast.AST) -> Iterator[ast.AST]:
    """A node and all below it, without the bodies of functions and classes defined in it."""
    yield node
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (*FUNCTION, ast.ClassDef, ast.Lambda)):
            continue
        yield from inner(child)
