"""What a data file holds: columns of one length, or inputs and targets that were cut already."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Array = npt.NDArray[Any]

MOST_CELLS = 10_000_000
"""Cells that are read of a file; of a larger one its first part."""
MOST_BYTES = 256_000_000
MOST_KINDS = 120


@dataclass(frozen=True)
class Column:
    """`numbers`: (rows,), NaN where a cell is empty or no number; `texts`: the cells as written, where they are not numbers
    (then `numbers` is all NaN). `unreadable`: cells of a column of numbers that are none, such as `odd`."""

    name: str
    numbers: Floats
    texts: tuple[str, ...] | None = None
    unreadable: int = 0
    odd: str = ""

    @property
    def missing(self) -> int:
        """Empty cells, unreadable ones included."""
        return sum(not text for text in self.texts) if self.texts is not None else int(np.isnan(self.numbers).sum())

    @property
    def infinite(self) -> int:
        return int(np.isinf(self.numbers).sum())


@dataclass(frozen=True)
class Table:
    """Rows in the order of the file. `notes` say what was left out."""

    columns: tuple[Column, ...]
    rows: int
    notes: tuple[str, ...] = ()

    def column(self, name: str) -> Column | None:
        return next((column for column in self.columns if column.name == name), None)


@dataclass(frozen=True)
class Arrays:
    """Inputs (samples, steps[, features]) and targets (samples, ...), with the names that they had."""

    x: Array
    y: Array
    x_name: str
    y_name: str
    notes: tuple[str, ...] = ()

    @property
    def classes(self) -> int:
        """How many classes the targets name; 0 where they are numbers. (Whole numbers of very many kinds are counts.)"""
        if self.y.dtype.kind not in "iu":
            return 0
        kinds = len(np.unique(self.y[self.y >= 0]))
        return kinds if kinds <= max(2, min(MOST_KINDS, self.y.size // 4)) else 0
