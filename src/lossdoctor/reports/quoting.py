"""A line of the user's source with its neighbours, its place and a caret, on a sheet of any width."""

from __future__ import annotations

import re

from rich.cells import cell_len

from lossdoctor.words import Place, Report

from .plain import visible
from .sheet import Sheet
from .wording import place_words

__all__ = ["quote"]


def quote(sheet: Sheet, place: Place, report: Report) -> None:
    """The line before, the line itself with what stands at the column underlined, the line after. A line
    that is too long is cut on both sides so that the place stays in sight."""
    sheet.add((place_words(place), "cyan"), indent=3)
    around = dict(report.sources.get(place.file, {}))
    if place.text is not None:
        around[place.line] = place.text
    near = range(place.line - 1, place.line + 2)
    lines = [n for n in near if n in around and (n == place.line or around[n].strip())]
    digits = len(str(max(lines, default=0)))
    for number in lines:
        here = number == place.line
        lead = f"{'❯' if here else ' '} {number:>{digits}} │ "
        line = visible(around[number]).replace("\n", " ").rstrip()
        room = sheet.width - 3 - cell_len(lead)
        start = 0
        if here and place.column is not None:
            before = visible(around[number][: place.column])
            start = _window(line, len(before), room)
        shown = ("…" if start else "") + line[start + (1 if start else 0) :]
        if cell_len(shown) > room:
            shown = _fit(shown, room)
        sheet.code(lead, shown, "bold" if here else "dim", indent=3)
        if here and place.column is not None and place.column < len(around[number]):
            caret = " " * cell_len(line[start : len(before)]) + "^" * _token(line[len(before) :])
            if cell_len(caret) <= room:
                sheet.code(" " * (digits + 2) + " │ ", caret, "bold red", indent=3)


def _window(line: str, column: int, room: int) -> int:
    """The first character to show, so that `column` is seen in `room` columns."""
    if cell_len(line) <= room or cell_len(line[:column]) < room * 2 // 3:
        return 0
    return max(0, column - room // 2)


def _fit(line: str, room: int) -> str:
    while line and cell_len(line) > room - 1:
        line = line[:-1]
    return line + "…"


def _token(rest: str) -> int:
    """How many characters to underline: the name, number or keyword=value that stands at the column."""
    found = re.match(r"[\w.]+(=[\w.+-]+)?", rest)
    return found.end() if found else 1
