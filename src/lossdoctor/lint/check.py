"""What a check's file holds: the cause that it looks for, and how it looks."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from ..source.diff import Edit
from ..words.finding import Severity
from .facts import Facts


@dataclass(frozen=True)
class Alarm:
    """One mistake at a node. `edit` makes good of it without any other effect; None where that takes a human."""

    node: ast.expr | ast.stmt
    summary: str
    severity: Severity = "error"
    edit: Edit | None = None
    title: str = ""


Look: TypeAlias = Callable[[Facts], Iterator[Alarm]]


@dataclass(frozen=True)
class Check:
    """One mistake that can be seen without running. `cause` is an id of the causes, `name` the check's own, `needs` words
    of which one must stand in the text for the check to have anything to look at."""

    cause: str
    name: str
    look: Look
    needs: tuple[str, ...] = ()
