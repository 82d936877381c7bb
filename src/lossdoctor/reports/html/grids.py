"""Matrices and tables as the page draws them."""

from __future__ import annotations

from dataclasses import dataclass, field

from lossdoctor.words import HeatPanel, TablePanel, short

from ..codec import Json
from .pixels import heat_image, scale_image
from .scale import Tick, spread
from .thin import block_means

__all__ = ["HeatChart", "TableChart", "heat_chart", "table_chart"]

TABLE_ROWS = 60


@dataclass(frozen=True, slots=True)
class HeatChart:
    """A matrix as an image, with its colour scale."""

    id: str
    title: str
    how_to_read: str
    x_label: str
    y_label: str
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    image: str
    scale: str
    low: str
    middle: str
    high: str
    unit: str
    rows: int
    has_gaps: bool
    data: dict[str, Json]
    kind: str = field(default="heat", init=False)


@dataclass(frozen=True, slots=True)
class TableChart:
    """A small table; `numeric` tells which columns are set right."""

    id: str
    title: str
    how_to_read: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: tuple[bool, ...]
    more: int
    kind: str = field(default="table", init=False)


def heat_chart(panel: HeatPanel, points: int) -> HeatChart:
    """The matrix in at most `points / 4` rows and columns (40 to 200), each cell a mean of its block."""
    size = max(40, min(200, points // 4))
    cells, tops, lefts = block_means(panel.values, size, size)
    real = [v for row in cells for v in row if v is not None]
    low, high = min(real, default=0.0), max(real, default=1.0)
    span = (high - low) or 1.0
    shares = [[None if v is None else (v - low) / span for v in row] for row in cells] or [[None]]

    def number(value: float) -> str:
        return short(10.0**value) if panel.log else short(value)

    def names(ticks: tuple[str, ...], starts: list[int]) -> list[Json]:
        return [ticks[at] if at < len(ticks) else str(at) for at in starts]

    columns, rows = names(panel.x_ticks, lefts), names(panel.y_ticks, tops)
    return HeatChart(
        id=panel.id,
        title=panel.title,
        how_to_read=panel.how_to_read,
        x_label=panel.x_label,
        y_label=panel.y_label,
        x_ticks=tuple(Tick((k + 0.5) / len(columns), str(columns[k])) for k in spread(len(columns), 7)),
        y_ticks=tuple(Tick(1 - (k + 0.5) / len(rows), str(rows[k])) for k in spread(len(rows), 9)),
        image=heat_image(shares),
        scale=scale_image(),
        low=number(low),
        middle=number((low + high) / 2),
        high=number(high),
        unit=panel.unit + (" (log scale)" if panel.log else ""),
        rows=len(rows),
        has_gaps=any(v is None for row in cells for v in row),
        data={
            "cols": columns,
            "rows": rows,
            "v": [[None if v is None else number(v) for v in row] for row in cells],
            "xl": panel.x_label,
            "yl": panel.y_label,
        },
    )


def table_chart(panel: TablePanel) -> TableChart:
    """The first rows, as text; a column of numbers alone is set right."""
    rows = panel.rows[:TABLE_ROWS]
    numeric = tuple(
        bool(rows) and all(not isinstance(row[k], str) for row in rows if k < len(row)) for k in range(len(panel.columns))
    )
    return TableChart(
        id=panel.id,
        title=panel.title,
        how_to_read=panel.how_to_read,
        columns=panel.columns,
        rows=tuple(tuple(short(cell) for cell in row) for row in rows),
        numeric=numeric,
        more=len(panel.rows) - len(rows),
    )
