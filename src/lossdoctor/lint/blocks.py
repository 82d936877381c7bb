"""A block of statements as it runs from top to bottom, `with` and `try` opened."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .facts import FUNCTION, LOOP, Facts


@dataclass(frozen=True)
class Block:
    """Statements that run one after the other. `loop` is set where they are a loop's whole body."""

    statements: tuple[ast.stmt, ...]
    node: ast.AST
    loop: bool

    def before(self, index: int) -> Iterator[tuple[int, ast.stmt]]:
        """The statements that ran before the one at `index`, the latest first; round the loop where it is one."""
        count = len(self.statements)
        for back in range(1, count):
            if back > index and not self.loop:
                return
            yield (index - back) % count, self.statements[(index - back) % count]

    def after(self, index: int) -> Iterator[tuple[int, ast.stmt]]:
        count = len(self.statements)
        for ahead in range(1, count):
            if index + ahead >= count and not self.loop:
                return
            yield (index + ahead) % count, self.statements[(index + ahead) % count]


def compound(statement: ast.stmt) -> bool:
    """Does it hold other statements, that may run or not?"""
    return hasattr(statement, "body") or isinstance(statement, ast.Match)


def blocks(facts: Facts) -> Iterator[Block]:
    """Every function's, every loop's and every branch's own block."""
    yield Block(tuple(_flat(facts.tree.body)), facts.tree, False)
    for node in ast.walk(facts.tree):
        if isinstance(node, FUNCTION):
            yield Block(tuple(_flat(node.body)), node, False)
        elif isinstance(node, LOOP):
            yield Block(tuple(_flat(node.body)), node, not _leaves(node.body))
        elif isinstance(node, ast.If):
            yield Block(tuple(_flat(node.body)), node, False)
            yield Block(tuple(_flat(node.orelse)), node, False)


def block_with(facts: Facts, statement: ast.stmt) -> Block | None:
    """The block that a statement stands in directly."""
    return next((b for b in blocks(facts) if any(s is statement for s in b.statements)), None)


def _flat(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    for statement in body:
        if isinstance(statement, ast.With | ast.AsyncWith) or (isinstance(statement, ast.Try) and not statement.orelse):
            yield from _flat(statement.body)
        else:
            yield statement


def _leaves(body: Sequence[ast.stmt]) -> bool:
    """Does the body end the loop on its first turn?"""
    return any(isinstance(s, ast.Break | ast.Return | ast.Raise) for s in body)
