"""Cells of text to a column: numbers where they are, with what is missing and what cannot be read counted."""

from __future__ import annotations

import math
import re

import numpy as np

from .table import Column, Floats

MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "nil", "-", "--", "?", "#n/a", "missing"})
TRUTHS = {"true": 1.0, "false": 0.0}
STRAY = 0.2
"""Share of cells that are no numbers up to which a column is still one of numbers."""
_THOUSANDS = re.compile(r"[-+]?\d{1,3}(,\d{3})+(\.\d+)?")
_DECIMAL_COMMA = re.compile(r"[-+]?\d+,\d+([eE][-+]?\d+)?")


class Building:
    """A column that grows chunk by chunk; cells stay as text only where they are no numbers."""

    def __init__(self, name: str, decimal_comma: bool = False) -> None:
        self.name = name
        self._comma = decimal_comma
        self._parts: list[Floats] = []
        self._strange: dict[int, str] = {}
        self._cells = 0

    def add(self, cells: list[str]) -> None:
        try:
            part = np.array(cells, dtype=np.str_).astype(np.float64)
        except ValueError:
            part = np.array([self._number(cell, self._cells + k) for k, cell in enumerate(cells)], dtype=np.float64)
        self._parts.append(part)
        self._cells += len(cells)

    def _number(self, cell: str, at: int) -> float:
        text = cell.strip()
        try:
            return float(text)
        except ValueError:
            pass
        if text.lower() in MISSING:
            return math.nan
        if text.lower() in TRUTHS:
            return TRUTHS[text.lower()]
        if self._comma and _DECIMAL_COMMA.fullmatch(text):
            return float(text.replace(",", "."))
        if not self._comma and _THOUSANDS.fullmatch(text):
            return float(text.replace(",", ""))
        self._strange[at] = text
        return math.nan

    def column(self) -> Column:
        numbers = np.concatenate(self._parts) if self._parts else np.zeros(0)
        known = int((~np.isnan(numbers)).sum())
        if not self._strange or len(self._strange) <= STRAY * (known + len(self._strange)):
            odd = next(iter(self._strange.values()), "")
            return Column(self.name, numbers, None, len(self._strange), odd)
        # A category may be called 1, 2, x: what was read as a number is written out again.
        texts = tuple(
            self._strange.get(k) or ("" if math.isnan(number) else f"{number:g}") for k, number in enumerate(numbers.tolist())
        )
        return Column(self.name, np.full(len(numbers), np.nan), texts)


def unique(names: list[str]) -> list[str]:
    """Names made different: the second `x` is `x-2`; one without a name goes by its place."""
    seen: dict[str, int] = {}
    made = []
    for place, name in enumerate(names):
        name = name.strip() or f"column {place + 1}"
        seen[name] = seen.get(name, 0) + 1
        made.append(name if seen[name] == 1 else f"{name}-{seen[name]}")
    return made
