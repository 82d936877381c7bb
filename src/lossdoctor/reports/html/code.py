"""The user's source on the page: lines with numbers, the one that matters marked, the place in it too."""

from __future__ import annotations

import keyword
import re
from dataclasses import dataclass

from markupsafe import Markup

from lossdoctor.words import Place, Report

from ..plain import visible
from ..wording import is_diff

__all__ = ["CodeLine", "change_lines", "source_lines"]

AROUND = 3
"""Lines shown before and after the line of a finding, where the report has them."""

_TOKEN = re.compile(
    r"(?P<comment>#.*)|(?P<string>[rbfuRBFU]{0,2}(?:'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"))"
    r"|(?P<number>\b\d[\w.]*(?:(?<=[eE])[+-]\d+)?)|(?P<word>[^\W\d]\w*)"
)
_KEYWORDS = frozenset(keyword.kwlist)
_SPOT = re.compile(r"[\w.]+(?:=[\w.+-]+)?")


@dataclass(frozen=True, slots=True)
class CodeLine:
    """One line: `kind` is "here", "", or for a change "add", "remove", "place"."""

    number: str
    kind: str
    html: Markup


def source_lines(place: Place, report: Report) -> tuple[CodeLine, ...]:
    """The lines around a place, without blank ones at either end."""
    known = dict(report.sources.get(place.file, {}))
    if place.text is not None:
        known[place.line] = place.text
    numbers = [n for n in range(place.line - AROUND, place.line + AROUND + 1) if n in known]
    while numbers and numbers[0] != place.line and not known[numbers[0]].strip():
        numbers.pop(0)
    while numbers and numbers[-1] != place.line and not known[numbers[-1]].strip():
        numbers.pop()
    out = []
    for number in numbers:
        text = known[number].rstrip("\r\n")
        if number == place.line:
            out.append(CodeLine(str(number), "here", _spotted(text, place.column)))
        else:
            out.append(CodeLine(str(number), "", _painted(visible(text))))
    return tuple(out)


def change_lines(snippet: str) -> tuple[CodeLine, ...]:
    """The lines of a unified diff; nothing where the snippet is instructions in words."""
    if not is_diff(snippet):
        return ()
    out = []
    for line in visible(snippet).strip("\n").splitlines():
        if line.startswith(("--- ", "+++ ", "@@", "diff ", "\\")):
            out.append(CodeLine("", "place", Markup("{}").format(line)))
        else:
            kind = {"+": "add", "-": "remove"}.get(line[:1], "")
            mark = {"add": "+", "remove": "\u2212"}.get(kind, "")
            out.append(CodeLine(mark, kind, _painted(line[1:])))
    return tuple(out)


def _spotted(text: str, column: int | None) -> Markup:
    if column is None or not 0 <= column < len(text):
        return _painted(visible(text))
    before = visible(text[:column])
    rest = visible(text)[len(before) :]
    found = _SPOT.match(rest)
    size = found.end() if found else 1
    return _painted(before) + Markup("<mark>{}</mark>").format(_painted(rest[:size])) + _painted(rest[size:])


def _painted(text: str) -> Markup:
    """Comments, strings, numbers and keywords of one line of Python, told by their looks alone."""
    out = Markup("")
    at = 0
    for found in _TOKEN.finditer(text):
        kind = found.lastgroup
        if kind == "word" and found.group() not in _KEYWORDS:
            continue
        out += Markup("{}<span class=k-{}>{}</span>").format(text[at : found.start()], kind or "", found.group())
        at = found.end()
    return out + Markup("{}").format(text[at:])
