"""Text on paper of a fixed width: wrapping, indents and columns, with styles and no markup at all.

Rich measures and paints; what stands where is decided here, so that a narrow terminal gets another
arrangement and not a broken one. Strings are never parsed as markup: a `[bold]` of the user stays one.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len, chop_cells
from rich.console import Console
from rich.text import Text

__all__ = ["Column", "Sheet"]

_ASCII = str.maketrans(
    {
        "–": "-",
        "—": "-",
        "·": "-",
        "…": "...",
        "→": "->",
        "←": "<-",
        "×": "x",
        "≤": "<=",
        "≥": ">=",
        "│": "|",
        "─": "-",
        "└": "`",
        "├": "|",
        "❯": ">",
        "±": "+-",
        "’": "'",
        "“": '"',
        "”": '"',
        "\ufffd": "?",
    }
)

# A number and its unit stay together: Rich breaks at any blank, no-break ones too, so a private sign
# stands in until the lines are made.
_TIE = "\uf8ff"
_UNIT = re.compile(r"(?<=\d) (?=(?:%|s|min|h)(?!\w))")


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a small table. One that `bends` is wrapped where space is short, any other keeps
    its natural width."""

    title: str = ""
    right: bool = False
    bends: bool = False
    style: str = ""


class Sheet:
    """Collects lines of at most `width` columns; `text()` gives them, painted or not."""

    def __init__(self, width: int, *, colour: bool = False, ascii: bool = False) -> None:
        self.width = max(30, width)
        self.ascii = ascii
        self._colour = colour
        self._lines: list[Text] = []
        # Every setting is given, none read from the environment: the caller has read it already.
        self._console = Console(
            file=io.StringIO(),
            width=self.width,
            height=100,
            force_terminal=colour,
            markup=False,
            color_system="standard" if colour else None,
            highlight=False,
            emoji=False,
            legacy_windows=False,
            _environ={},
        )

    def blank(self) -> None:
        """One empty line, never two, and none at the top."""
        if self._lines and self._lines[-1].plain:
            self._lines.append(Text())

    def add(self, *parts: str | tuple[str, str], indent: int = 0, hang: int = 0) -> None:
        """A paragraph, wrapped between words; its further lines go in by `hang` more columns. A word
        that is too long for a line is broken."""
        text = Text.assemble(*[(self._plain(p), "") if isinstance(p, str) else (self._plain(p[0]), p[1]) for p in parts])
        self._put(text, indent, hang)

    def _put(self, text: Text, indent: int, hang: int) -> None:
        first, rest = self._wrap(text, self.width - indent, self.width - indent - hang)
        self._lines.append(Text(" " * indent) + first)
        for line in rest:
            self._lines.append(Text(" " * (indent + hang)) + line)

    def _wrap(self, text: Text, first: int, later: int) -> tuple[Text, list[Text]]:
        lines = text.wrap(self._console, max(8, first), overflow="fold", tab_size=4)
        if not lines:
            return Text(), []
        head = lines[0]
        head.rstrip()
        tail = text[len(head.plain) :]
        while tail.plain[:1] == " ":
            tail = tail[1:]
        if not tail.plain:
            return head, []
        rest = list(tail.wrap(self._console, max(8, later), overflow="fold", tab_size=4))
        for line in rest:
            line.rstrip()
        return head, rest

    def code(self, lead: str, line: str, style: str = "", *, indent: int = 0, lead_style: str = "dim") -> None:
        """A line of code after `lead`, never re-flowed: what is too long goes on below, under itself."""
        lead, line = self._plain(lead), self._plain(line)
        room = max(8, self.width - indent - cell_len(lead))
        for k, part in enumerate(_folded(line, room)):
            gap = lead if k == 0 else " " * cell_len(lead)
            self._lines.append(Text(" " * indent) + Text(gap, lead_style) + Text(part, style))

    def table(
        self,
        columns: Sequence[Column],
        rows: Sequence[Sequence[str | tuple[str, str]]],
        *,
        indent: int = 0,
        gap: int = 2,
    ) -> None:
        """Aligned columns; a heading where any column has a title. Where even the narrowest form does
        not fit, each row becomes a paragraph."""
        cells = [[self._cell(cell, columns[k]) for k, cell in enumerate(row)] for row in rows]
        heads = [Text(self._plain(c.title), "dim") for c in columns]
        titled = any(head.plain for head in heads)
        body = ([heads] if titled else []) + cells
        room = self.width - indent - gap * (len(columns) - 1)
        widths = _widths(columns, [[cell.cell_len for cell in row] for row in body], room)
        if widths is None:
            for row in cells:
                self._put(Text("  ").join([cell for cell in row if cell.plain]), indent, 2)
            return
        for row in body:
            self._row(row, widths, columns, indent, gap)

    def _row(self, row: Sequence[Text], widths: Sequence[int], columns: Sequence[Column], indent: int, gap: int) -> None:
        wrapped = [
            list(cell.wrap(self._console, max(1, w), overflow="fold")) or [Text()]
            for cell, w in zip(row, widths, strict=True)
        ]
        for k in range(max(len(lines) for lines in wrapped)):
            out = Text(" " * indent)
            for at, (lines, width, column) in enumerate(zip(wrapped, widths, columns, strict=True)):
                cell = lines[k] if k < len(lines) else Text()
                cell.rstrip()
                pad = Text(" " * max(0, width - cell.cell_len))
                out += (pad + cell) if column.right else (cell + pad)
                if at < len(widths) - 1:
                    out += Text(" " * gap)
            out.rstrip()
            self._lines.append(out)

    def _cell(self, cell: str | tuple[str, str], column: Column) -> Text:
        if isinstance(cell, tuple):
            return Text(self._plain(cell[0]), cell[1] or column.style)
        return Text(self._plain(cell), column.style)

    def _plain(self, text: str) -> str:
        text = _UNIT.sub(_TIE, text)
        return text.translate(_ASCII) if self.ascii else text

    def text(self) -> str:
        """All lines, each ended by a newline, without trailing blanks."""
        lines = list(self._lines)
        while lines and not lines[-1].plain.strip():
            lines.pop()
        if not self._colour:
            return "".join(line.plain.rstrip() + "\n" for line in lines).replace(_TIE, " ")
        with self._console.capture() as captured:
            for line in lines:
                self._console.print(line, soft_wrap=True)
        return captured.get().replace(_TIE, " ")


def _folded(line: str, room: int) -> list[str]:
    """`line` in parts of at most `room` columns, cut at a blank where one is near the end."""
    parts = []
    while cell_len(line) > room:
        part = chop_cells(line, room)[0]
        at = part.rfind(" ") + 1
        if at > len(part) // 2 and part[:at].strip():
            part = part[:at]
        parts.append(part.rstrip())
        line = line[len(part) :]
    return [*parts, line]


def _widths(columns: Sequence[Column], cells: Sequence[Sequence[int]], room: int) -> list[int] | None:
    """Widths that fit into `room`: natural ones if they do, else the bending columns share what the
    others leave, the narrower first served. None when a bending column would get under 10."""
    natural = [max(row[k] for row in cells) for k in range(len(columns))]
    if sum(natural) <= room:
        return natural
    bending = sorted((k for k, column in enumerate(columns) if column.bends), key=lambda k: natural[k])
    left = room - sum(natural[k] for k in range(len(columns)) if k not in bending)
    for served, k in enumerate(bending):
        natural[k] = min(natural[k], left // (len(bending) - served))
        left -= natural[k]
        if natural[k] < 10:
            return None
    return natural if left >= 0 and bending else None
