"""The text of a user's script: its lines, its syntax tree, and the places in it."""

from __future__ import annotations

import ast
import json
import linecache
import os
import re
import tokenize
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any

from ..words import Place

CELL = re.compile(r"^(?P<notebook>.+\.ipynb)\[cell (?P<number>\d+)\]$")
_MAGIC = re.compile(r"^(?P<indent>\s*)(?:[%!?]|.*\?\s*$|[\w.,\s]+=\s*[%!])")
_BOM = "\ufeff"


@dataclass(frozen=True)
class Script:
    """A source file or notebook cell as it stood when read.

    `file` is the name by which events know it. `shown` is its path in a diff: relative to the repository's
    root, or to its own folder where there is none. `text` keeps the file's own line ends (a byte order mark
    is kept apart in `bom`). Lines count from 1, columns from 0, both in characters. `plain` is a text that is no
    Python: a settings file, with an empty tree.
    """

    file: str
    text: str
    tree: ast.Module = field(repr=False, compare=False)
    shown: str = ""
    bom: str = ""
    plain: bool = False

    @staticmethod
    def read(path: str | Path) -> Script | None:
        """The script at `path`; None where it cannot be read or is no Python.

        A name that is no file (`<ipython-input-3-...>`, `notes.ipynb[cell 3]`) is looked up among the lines
        that tracebacks know, then in the notebook; a cell's magics read as `pass`.
        """
        name = str(path)
        if (told := read_as(name)) is not None:
            return Script.of(told, name, path_in_diff(Path(name)))
        try:
            stat = Path(name).stat()
            stamp: tuple[float, int] | None = (stat.st_mtime, stat.st_size)
        except (OSError, ValueError):
            stamp = None
        if stamp is None:
            text = _cell_text(name)
            return None if text is None else Script.of(text, name, _cell_shown(name))
        return _read_file(name, stamp)

    @staticmethod
    def of(text: str, file: str, shown: str = "") -> Script | None:
        """A script from its text; None where it is no Python."""
        bom = _BOM if text.startswith(_BOM) else ""
        body = text.removeprefix(_BOM)
        if "\r" in body.replace("\r\n", ""):
            return None  # Python ends lines at a lone carriage return, patch does not.
        tree = _parse(body)
        if tree is None and (CELL.match(file) or file.startswith("<") or "ipykernel" in file):
            tree = _parse(without_magics(body))
        return None if tree is None else Script(file, body, tree, shown or Path(file).name, bom)

    @cached_property
    def lines(self) -> tuple[str, ...]:
        """Lines with their ends; line n is `lines[n - 1]`."""
        return tuple(part for part in re.split(r"(?<=\n)", self.text) if part)

    @cached_property
    def starts(self) -> tuple[int, ...]:
        """Where each line starts in `text`."""
        offsets, at = [], 0
        for line in self.lines:
            offsets.append(at)
            at += len(line)
        return (*offsets, at)

    @cached_property
    def newline(self) -> str:
        return "\r\n" if "\r\n" in self.text else "\n"

    @cached_property
    def indent(self) -> str:
        """One level of indentation as this script writes it."""
        for node in ast.walk(self.tree):
            body = getattr(node, "body", None)
            if isinstance(body, list) and body and isinstance(node, ast.stmt):
                outer, inner = self.indent_of(node.lineno), self.indent_of(body[0].lineno)
                if inner != outer and inner.startswith(outer):
                    return inner[len(outer) :]
        return "    "

    @cached_property
    def parents(self) -> dict[ast.AST, ast.AST]:
        return {child: node for node in ast.walk(self.tree) for child in ast.iter_child_nodes(node)}

    def line(self, n: int) -> str:
        """Line n without its end; empty outside the script."""
        return self.lines[n - 1].rstrip("\r\n") if 1 <= n <= len(self.lines) else ""

    def indent_of(self, n: int) -> str:
        line = self.line(n)
        return line[: len(line) - len(line.lstrip())]

    def place(self, n: int, needle: str | None = None) -> Place:
        """Line n, with the column of `needle` in it, or of the first character that is no blank."""
        line = self.line(n)
        at = line.find(needle) if needle else -1
        column = at if at >= 0 else len(line) - len(line.lstrip())
        return Place(self.file, n, column if line.strip() else None, line or None)

    def context(self, n: int, around: int = 2) -> dict[int, str]:
        """Lines n - around to n + around, as far as there are any."""
        first, last = max(1, n - around), min(len(self.lines), n + around)
        return {number: self.line(number) for number in range(first, last + 1)} if 1 <= n <= len(self.lines) else {}

    def offset(self, line: int, byte_column: int) -> int:
        """Where a position of the syntax tree (columns in UTF-8 bytes) lies in `text`."""
        shown = self.lines[line - 1] if line <= len(self.lines) else ""
        return self.starts[line - 1] + len(shown.encode()[:byte_column].decode(errors="ignore"))

    def span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        """Where a node begins and ends in `text`."""
        end_line, end_column = node.end_lineno or node.lineno, node.end_col_offset or node.col_offset
        return self.offset(node.lineno, node.col_offset), self.offset(end_line, end_column)

    def segment(self, node: ast.expr | ast.stmt) -> str:
        """A node's own text."""
        start, end = self.span(node)
        return self.text[start:end]

    def column(self, node: ast.expr | ast.stmt) -> int:
        """A node's column in characters."""
        return self.offset(node.lineno, node.col_offset) - self.starts[node.lineno - 1]


_instead: dict[str, str] = {}


def read_as(name: str) -> str | None:
    """What the file of this name is read as meanwhile; None where it is read as it is on disk."""
    return _instead.get(os.path.realpath(name)) if _instead else None


@contextmanager
def reading(texts: Mapping[str, bytes]) -> Iterator[None]:
    """Meanwhile the scripts at these paths are read as these texts: places of a run whose source was changed are places in
    the changed source. Texts that are no UTF-8 are read as they are on disk."""
    before = dict(_instead)
    for path, text in texts.items():
        with suppress(UnicodeDecodeError):
            _instead[os.path.realpath(path)] = text.decode("utf-8")
    try:
        yield
    finally:
        _instead.clear()
        _instead.update(before)


@lru_cache(maxsize=64)
def _read_file(name: str, stamp: tuple[float, int]) -> Script | None:
    path = Path(name)
    try:
        raw = path.read_bytes()
        encoding, _ = tokenize.detect_encoding(BytesIO(raw).readline)
        text = raw.decode("utf-8" if encoding == "utf-8-sig" else encoding)
        return Script.of(text, name, path_in_diff(path))
    except (OSError, SyntaxError, UnicodeDecodeError, LookupError, ValueError):
        return None


def _parse(text: str) -> ast.Module | None:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def path_in_diff(path: Path) -> str:
    whole = path.absolute()
    for folder in whole.parents:
        if (folder / ".git").exists():
            return whole.relative_to(folder).as_posix()
    return whole.name


def _cell_shown(name: str) -> str:
    found = CELL.match(name)
    if found:
        return f"{Path(found['notebook']).name}[cell {found['number']}]"
    return re.sub(r"[<>\s/\\]", "", name) or "cell.py"


def _cell_text(name: str) -> str | None:
    cached = linecache.getlines(name)
    if cached:
        return "".join(cached)
    found = CELL.match(name)
    if not found:
        return None
    try:
        sources = cell_sources(Path(found["notebook"]))
    except (OSError, ValueError):
        return None
    number = int(found["number"])
    return sources[number - 1] if 1 <= number <= len(sources) else None


def cell_sources(notebook: Path) -> list[str]:
    """The code cells of a notebook in order. Raises OSError or ValueError if it cannot be read."""
    content: Any = json.loads(notebook.read_bytes())
    if not isinstance(content, dict):
        raise ValueError("not a notebook")
    cells = content.get("cells") or [c for sheet in content.get("worksheets", []) for c in sheet.get("cells", [])]
    sources = [c.get("source", c.get("input", "")) for c in cells if c.get("cell_type") == "code"]
    return ["".join(source) for source in sources]


def cells_beside(name: str) -> tuple[str, ...]:
    """The names of all code cells of the notebook that cell `name` belongs to; empty if it is no cell."""
    found = CELL.match(name)
    if not found:
        return ()
    try:
        count = len(cell_sources(Path(found["notebook"])))
    except (OSError, ValueError):
        return ()
    return tuple(f"{found['notebook']}[cell {number}]" for number in range(1, count + 1))


def without_magics(text: str) -> str:
    kept = []
    for line in text.split("\n"):
        found = _MAGIC.match(line)
        kept.append(f"{found['indent']}pass" if found else line)
    return "\n".join(kept)
