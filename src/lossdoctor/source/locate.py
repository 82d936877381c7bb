"""Where things stand in a script: calls, imports, and the statement, function and loop round a line."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeAlias

from .script import Script

FunctionNode: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
LoopNode: TypeAlias = ast.For | ast.AsyncFor | ast.While

OPTIMIZERS = (
    "SGD", "Adam", "AdamW", "NAdam", "RAdam", "RMSprop", "Adagrad", "Adadelta", "Adamax", "ASGD", "Rprop", "LBFGS",
    "SparseAdam", "Adafactor", "Muon", "Lion", "Lamb", "AdaBelief",
)  # fmt: skip
SCHEDULERS = (
    "StepLR", "MultiStepLR", "ExponentialLR", "CosineAnnealingLR", "CosineAnnealingWarmRestarts", "LambdaLR",
    "MultiplicativeLR", "ReduceLROnPlateau", "CyclicLR", "OneCycleLR", "LinearLR", "ConstantLR", "PolynomialLR",
    "SequentialLR", "ChainedScheduler", "get_scheduler", "get_linear_schedule_with_warmup",
    "get_cosine_schedule_with_warmup", "get_constant_schedule_with_warmup",
)  # fmt: skip
RECURRENT = ("LSTM", "GRU", "RNN", "LSTMCell", "GRUCell", "RNNCell")


@dataclass(frozen=True)
class Call:
    """A call. `name` as spelled, `full` with import aliases resolved (`o.SGD` -> `torch.optim.SGD`), `owner` the
    text before the last dot; lines from 1, columns in characters from 0."""

    script: Script = field(repr=False)
    node: ast.Call = field(repr=False)
    name: str = ""
    full: str = ""

    @property
    def line(self) -> int:
        return self.node.lineno

    @property
    def column(self) -> int:
        return self.script.column(self.node)

    @property
    def end_line(self) -> int:
        return self.node.end_lineno or self.node.lineno

    @property
    def last(self) -> str:
        return self.full.rpartition(".")[2]

    @property
    def owner(self) -> str:
        func = self.node.func
        return self.script.segment(func.value) if isinstance(func, ast.Attribute) else ""

    @property
    def args(self) -> tuple[str, ...]:
        return tuple(self.script.segment(arg) for arg in self.node.args)

    @property
    def keywords(self) -> dict[str, str]:
        """Keyword arguments and the text of their values (`**settings` is left out)."""
        return {k.arg: self.script.segment(k.value) for k in self.node.keywords if k.arg is not None}

    @property
    def open_ended(self) -> bool:
        """Is there a `*args` or `**kwargs` that may hide any argument?"""
        return any(isinstance(a, ast.Starred) for a in self.node.args) or any(
            k.arg is None for k in self.node.keywords
        )


@dataclass(frozen=True)
class Loops:
    """The innermost and the outermost loop round a line, inside one function."""

    inner: LoopNode
    outer: LoopNode


def calls(script: Script, names: Sequence[str]) -> tuple[Call, ...]:
    """Calls whose dotted name ends with one of `names`, in the order of the text."""
    return tuple(call for call in all_calls(script) if any(_ends_with(call, name) for name in names))


def _ends_with(call: Call, name: str) -> bool:
    return any(f".{spelled}".endswith(f".{name}") for spelled in (call.name, call.full))


@lru_cache(maxsize=64)
def _calls_of(key: int, script: Script) -> tuple[Call, ...]:
    aliases = imports(script)
    found = []
    for node in ast.walk(script.tree):
        if isinstance(node, ast.Call):
            name = dotted(node.func)
            head, dot, rest = name.partition(".")
            found.append(Call(script, node, name, aliases.get(head, head) + dot + rest))
    return tuple(sorted(found, key=lambda call: (call.line, call.node.col_offset)))


def all_calls(script: Script) -> tuple[Call, ...]:
    """Every call, in the order of the text."""
    return _calls_of(id(script.tree), script)


def dotted(node: ast.expr) -> str:
    """`a.b.c`; what is no name in front (`model(x).backward`) is written `?`."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return "?"


def imports(script: Script) -> dict[str, str]:
    """Names that imports bind, with what they stand for: {"nn": "torch.nn", "Adam": "torch.optim.Adam"}."""
    found: dict[str, str] = {}
    for node in ast.walk(script.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                found[alias.asname or alias.name.partition(".")[0]] = (
                    alias.name if alias.asname else alias.name.partition(".")[0]
                )
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                if alias.name != "*":
                    found[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return found


def spelled(script: Script, full: str) -> str | None:
    """How this script can write a dotted name with the imports that it has (`torch.nn.utils.clip_grad_norm_` ->
    `nn.utils.clip_grad_norm_`), the shortest; None where no import reaches it."""
    ways = []
    for local, means in imports(script).items():
        if full == means:
            ways.append(local)
        elif full.startswith(f"{means}."):
            ways.append(local + full[len(means) :])
    return min(ways, key=lambda way: (way.count("."), len(way)), default=None)


def statements(script: Script) -> Iterator[ast.stmt]:
    return (node for node in ast.walk(script.tree) if isinstance(node, ast.stmt))


def first_line(node: ast.stmt) -> int:
    """The line on which a statement begins, with its decorators."""
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(d.lineno for d in decorators)])


def statement_at(script: Script, line: int) -> ast.stmt | None:
    """The innermost statement that covers a line; of several on one line the first."""
    best: ast.stmt | None = None
    for node in statements(script):
        if first_line(node) <= line <= (node.end_lineno or node.lineno) and (
            best is None or _inside(script, node, best)
        ):
            best = node
    return best


def _inside(script: Script, node: ast.stmt, outer: ast.stmt) -> bool:
    at: ast.AST | None = node
    while at is not None:
        if at is outer:
            return True
        at = script.parents.get(at)
    return False


def statement_of(script: Script, node: ast.AST) -> ast.stmt | None:
    """The statement that an expression belongs to."""
    at: ast.AST | None = node
    while at is not None and not isinstance(at, ast.stmt):
        at = script.parents.get(at)
    return at


def block_of(script: Script, statement: ast.stmt) -> list[ast.stmt]:
    """The list of statements that this one stands in."""
    parent = script.parents.get(statement)
    for name in ("body", "orelse", "finalbody"):
        block = getattr(parent, name, None)
        if isinstance(block, list) and any(s is statement for s in block):
            return block
    return [statement]


def around(script: Script, line: int) -> list[ast.AST]:
    """The nodes round the innermost statement of a line, from the inside out, that statement first."""
    at: ast.AST | None = statement_at(script, line)
    found = []
    while at is not None:
        found.append(at)
        at = script.parents.get(at)
    return found


def enclosing_function(script: Script, line: int) -> FunctionNode | None:
    """The innermost function round a line; None at module level."""
    return next((n for n in around(script, line) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)), None)


def enclosing_class(script: Script, line: int) -> ast.ClassDef | None:
    return next((n for n in around(script, line) if isinstance(n, ast.ClassDef)), None)


def enclosing_loop(script: Script, line: int) -> Loops | None:
    """The loops round a line in its own function; None where there are none."""
    loops: list[LoopNode] = []
    for node in around(script, line):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            break
        if isinstance(node, ast.For | ast.AsyncFor | ast.While) and any(
            first_line(s) <= line <= (s.end_lineno or s.lineno) for s in node.body
        ):
            loops.append(node)
    return Loops(loops[0], loops[-1]) if loops else None


def scope(script: Script, line: int | None) -> ast.AST:
    """The function round a line, or the module."""
    function = enclosing_function(script, line) if line is not None else None
    return function if function is not None else script.tree


def within(node: ast.AST) -> Iterator[ast.AST]:
    """All nodes of a scope, without those of functions and classes defined inside it."""
    for child in ast.iter_child_nodes(node):
        yield child
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            yield from within(child)


def assigned_to(script: Script, node: ast.expr) -> str | None:
    """The one target that a value is assigned to, as spelled; None where it is none, or several."""
    parent = script.parents.get(node)
    if isinstance(parent, ast.Assign) and len(parent.targets) == 1:
        target = parent.targets[0]
    elif isinstance(parent, ast.AnnAssign | ast.NamedExpr):
        target = parent.target
    else:
        return None
    return script.segment(target) if isinstance(target, ast.Name | ast.Attribute) else None


def module_classes(script: Script) -> dict[str, ast.ClassDef]:
    """Classes of this script that define `forward`, by name."""
    return {
        node.name: node
        for node in ast.walk(script.tree)
        if isinstance(node, ast.ClassDef) and method(node, "forward") is not None
    }


def method(cls: ast.ClassDef, name: str) -> FunctionNode | None:
    for node in cls.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name:
            return node
    return None
