"""The code cells of a notebook as Python: magics out, line numbers kept."""

from __future__ import annotations

import ast
import linecache
import re
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType

from .program import read_notebook

TIMED = re.compile(r"^(\s*)%(?:time|timeit|prun|memit)\b(?:\s+-\S+(?:\s+\d+)?)*\s*(.*)$")
CELL_WITH_BODY = re.compile(r"^\s*%%(?:time|timeit|capture|prun|memit)\b")
CELL_MAGIC = re.compile(r"^\s*%%\w")
LINE_MAGIC = re.compile(r"^(\s*)(?:[%!].*|\?.*|.*\?\s*$|[\w.,\s]+=\s*[%!].*)$")


@dataclass
class Cell:
    """A code cell: `number` counts code cells from 1; tracebacks and linecache know it by `filename`."""

    number: int
    filename: str
    source: str
    notes: list[str] = field(default_factory=list)

    def compile(self) -> CodeType | None:
        """Its code without magics, each of which becomes a note; None if nothing is left.

        Raises SyntaxError as Python would, with the cell's own lines.
        """
        lines = self.source.split("\n")
        first = next((index for index, line in enumerate(lines) if line.strip()), None)
        if first is None:
            return None
        if CELL_WITH_BODY.match(lines[first]):
            self._note(lines[first], "its body was run")
            lines[first] = ""
        elif CELL_MAGIC.match(lines[first]):
            self._note(lines[first], "the cell was skipped")
            return None
        self.show()
        while True:
            try:
                return compile("\n".join(lines), self.filename, "exec", dont_inherit=True)
            except SyntaxError as error:
                # Only a line that Python cannot read can be a magic: a `%` inside a string is text.
                if not self._take_magic_out(lines, (error.lineno or 0) - 1):
                    raise

    def show(self) -> None:
        """Makes linecache, and so tracebacks and `inspect`, show the cell's lines."""
        text = self.source if self.source.endswith("\n") else self.source + "\n"
        linecache.cache[self.filename] = (len(text), None, text.splitlines(keepends=True), self.filename)

    def _take_magic_out(self, lines: list[str], index: int) -> bool:
        if not 0 <= index < len(lines):
            return False
        line = lines[index]
        timed = TIMED.match(line)
        if timed and timed[2] and _reads(timed[2]):
            self._note(line, "what it measures was run")
            lines[index] = f"{timed[1]}{timed[2]}"
            return True
        magic = LINE_MAGIC.match(line)
        if magic is None:
            return False
        self._note(line, "the line was skipped")
        goes_on = index
        while lines[goes_on].endswith("\\") and goes_on + 1 < len(lines):
            goes_on += 1
            lines[goes_on - 1] = ""
        lines[goes_on] = ""
        indent = re.match(r"\s*", line)
        lines[index] = f"{indent[0] if indent else ''}pass"
        return True

    def _note(self, line: str, what: str) -> None:
        self.notes.append(f"cell {self.number}: {what}: {line.strip()}")


def read_cells(path: Path) -> list[Cell]:
    """The code cells of the notebook in order (formats 3 and 4). Raises UserError if it cannot be read."""
    content = read_notebook(path)
    raw = content.get("cells")
    if not isinstance(raw, list):
        sheets = content.get("worksheets")
        raw = [
            cell
            for sheet in (sheets if isinstance(sheets, list) else [])
            if isinstance(sheet, dict)
            for cell in sheet.get("cells", [])
        ]
    cells: list[Cell] = []
    for entry in raw:
        if isinstance(entry, dict) and entry.get("cell_type") == "code":
            text = entry.get("source", entry.get("input", ""))
            source = "".join(text) if isinstance(text, list) else str(text)
            number = len(cells) + 1
            cells.append(Cell(number, f"{path}[cell {number}]", source))
    return cells


def _reads(source: str) -> bool:
    try:
        ast.parse(source)
    except SyntaxError:
        return False
    return True
