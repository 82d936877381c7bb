"""A file as the checks see it: one script; a notebook's code cells as one script, each line knowing its cell."""

from __future__ import annotations

import ast
import re
import tokenize
from bisect import bisect_right
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from ..source.script import Script, cell_sources, without_magics
from ..words import Place

CELL_LANGUAGES = re.compile(r"^\s*%%(?!time|timeit|capture|prun|memit)")


@dataclass(frozen=True)
class Unit:
    """`cells` are (first line in the script, name of the cell), for a notebook; empty for a file."""

    script: Script
    encoding: str = "utf-8"
    cells: tuple[tuple[int, str], ...] = ()

    def place(self, node: ast.expr | ast.stmt) -> Place:
        line, column, text = node.lineno, self.script.column(node), self.script.line(node.lineno)
        if not self.cells:
            return Place(self.script.file, line, column, text)
        first, name = self.cells[bisect_right(self.cells, (line, chr(0x10FFFF))) - 1]
        return Place(name, line - first + 1, column, text)


class Unreadable(Exception):
    """Why a file could not be looked at, in one sentence."""

    def __init__(self, why: str, line: int | None = None) -> None:
        super().__init__(why)
        self.why = why
        self.line = line


def read_unit(path: Path, raw: bytes, name: str) -> Unit:
    """Raises Unreadable."""
    if path.suffix == ".ipynb":
        return _notebook(path, name)
    try:
        encoding, _ = tokenize.detect_encoding(BytesIO(raw).readline)
        encoding = "utf-8" if encoding == "utf-8-sig" else encoding  # the script keeps the mark apart
        text = raw.decode(encoding)
    except (SyntaxError, UnicodeDecodeError, LookupError):
        raise Unreadable("its encoding cannot be read; save it as UTF-8") from None
    script = Script.of(text, name, name)
    if script is None:
        raise _why_not(text)
    return Unit(script, encoding)


def _why_not(text: str) -> Unreadable:
    try:
        ast.parse(text.removeprefix("\ufeff"))
    except SyntaxError as error:
        return Unreadable(f"it is no valid Python: {error.msg}", error.lineno)
    except (ValueError, RecursionError, MemoryError) as error:
        return Unreadable(f"it cannot be parsed: {error}")
    return Unreadable("its lines end in lone carriage returns; save it with usual line ends")


def _notebook(path: Path, name: str) -> Unit:
    try:
        sources = cell_sources(path)
    except (OSError, ValueError, AttributeError, TypeError):
        raise Unreadable("it is no notebook that can be read") from None
    parts: list[str] = []
    cells: list[tuple[int, str]] = []
    line = 1
    for number, source in enumerate(sources, 1):
        cell = f"{name}[cell {number}]"
        script = None if CELL_LANGUAGES.match(source) else Script.of(source, cell)
        if script is None and not CELL_LANGUAGES.match(source) and source.strip():
            raise Unreadable(f"cell {number} is no valid Python")
        text = script.text if script is not None else ""
        if script is not None and not _parses(text):
            text = without_magics(text)
        text = text if text.endswith("\n") else text + "\n"
        cells.append((line, cell))
        parts.append(text)
        line += text.count("\n")
    whole = Script.of("".join(parts), name, name)
    if whole is None:
        raise Unreadable("its cells make no valid Python together")
    return Unit(whole, cells=tuple(cells) or ((1, f"{name}[cell 1]"),))


def _parses(text: str) -> bool:
    try:
        ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return False
    return True
