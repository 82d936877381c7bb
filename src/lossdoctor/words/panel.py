"""Pictures of a report, as numbers. Reports draw them; nothing here knows how."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Series:
    """One curve: x and y of equal length; None in y is a gap. `role` lets a renderer pick a style:
    "main" (what happened), "reference" (a constant to compare with), "other"."""

    name: str
    x: tuple[float, ...]
    y: tuple[float | None, ...]
    role: str = "main"


@dataclass(frozen=True, slots=True)
class LinePanel:
    """Curves over a common x axis. `marks` are (x, label) vertical lines, `levels` (y, label) horizontal."""

    id: str
    title: str
    how_to_read: str
    x_label: str
    y_label: str
    series: tuple[Series, ...]
    log_y: bool = False
    levels: tuple[tuple[float, str], ...] = ()
    marks: tuple[tuple[float, str], ...] = ()


@dataclass(frozen=True, slots=True)
class HeatPanel:
    """A matrix of numbers: `values[row][column]`, None where nothing was measured. `log` says that the
    values are already log10. Row labels top to bottom, column labels left to right."""

    id: str
    title: str
    how_to_read: str
    x_label: str
    y_label: str
    values: tuple[tuple[float | None, ...], ...]
    x_ticks: tuple[str, ...]
    y_ticks: tuple[str, ...]
    log: bool = False
    unit: str = ""


@dataclass(frozen=True, slots=True)
class TablePanel:
    """A small table; cells are strings or numbers."""

    id: str
    title: str
    how_to_read: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str | float | int | None, ...], ...]


Panel: TypeAlias = LinePanel | HeatPanel | TablePanel
