"""Pictures as the page draws them: shares of the axes, paths and labels, with no word of HTML.

The plot is an SVG that is stretched to its place (strokes are not), and every label is text of the page:
so a picture is as readable on a phone as on paper, and needs no script.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field

from lossdoctor.words import HeatPanel, LinePanel, Panel, Series, short

from ..codec import Json
from .grids import HeatChart, TableChart, heat_chart, table_chart
from .scale import Axis, Tick, fitted
from .thin import Points, thinned

__all__ = ["Chart", "Curve", "HeatChart", "Label", "LineChart", "TableChart", "chart", "line_chart"]

SPIKY = 1_000.0
"""A positive curve whose highest point is this many times its median is drawn on a log scale: on a
linear one nothing else would be seen."""

SQUASHED = 0.15
"""A level that would press the curves into less than this share of the height is named, not drawn."""

CLOSE = 0.09
"""Labels nearer than this share of the height would overlap."""


@dataclass(frozen=True, slots=True)
class Label:
    """Text at a share of an axis. `side` says on which side of its line it stands, and for a level at
    which end."""

    at: float
    text: str
    side: str


@dataclass(frozen=True, slots=True)
class Curve:
    """One line: an SVG path in a square of 1000 by 1000. `style` is a class of the page's style sheet."""

    name: str
    style: str
    path: str


@dataclass(frozen=True, slots=True)
class LineChart:
    """Curves, ready to be drawn. `data` is what the read-out under the pointer shows."""

    id: str
    title: str
    how_to_read: str
    x_label: str
    y_label: str
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    curves: tuple[Curve, ...]
    levels: tuple[Label, ...]
    marks: tuple[Label, ...]
    data: dict[str, Json]
    legend: bool
    missing: str = ""
    kind: str = field(default="line", init=False)


Chart = LineChart | HeatChart | TableChart


def chart(panel: Panel, points: int) -> Chart:
    """The picture of a panel, with at most about `points` points a curve."""
    if isinstance(panel, LinePanel):
        return line_chart(panel, points)
    if isinstance(panel, HeatPanel):
        return heat_chart(panel, points)
    return table_chart(panel)


def line_chart(panel: LinePanel, points: int, styles: tuple[str, ...] | None = None) -> LineChart:
    """`styles` names a class for each series, where the roles do not say enough."""
    kept = [thinned(series.x, series.y, points) for series in panel.series]
    xs = [x for curve in kept for x, _ in curve] + [x for x, _ in panel.marks]
    ys = [y for curve in kept for _, y in curve if y is not None]
    log = panel.log_y or _spiky(ys)
    x_axis = fitted(xs, margin=0.0)
    y_axis, levels, missing = _with_levels(ys, panel.levels, log)
    inked = [
        (across, up)
        for curve in kept
        for x, y in curve
        if (across := x_axis.share(x)) is not None and (up := y_axis.share(y)) is not None
    ]
    whole = all(float(x).is_integer() for x in xs)
    return LineChart(
        id=panel.id,
        title=panel.title,
        how_to_read=panel.how_to_read,
        x_label=panel.x_label,
        y_label=panel.y_label + (" (log scale)" if log and "log" not in panel.y_label else ""),
        x_ticks=x_axis.ticks(5, whole=whole),
        y_ticks=y_axis.ticks(6),
        curves=tuple(
            Curve(series.name, style, _path(curve, x_axis, y_axis))
            for series, curve, style in zip(panel.series, kept, styles or _styles(panel.series), strict=True)
        ),
        levels=_labels(levels, inked),
        marks=tuple(
            Label(at, text, "left" if at > 0.6 else "right")
            for x, text in panel.marks
            if (at := x_axis.share(x)) is not None
        ),
        data={
            "x": [x_axis.low, x_axis.high],
            "y": [y_axis.low, y_axis.high],
            "log": log,
            "xl": panel.x_label,
            "s": [_readout(series.name, curve) for series, curve in zip(panel.series, kept, strict=True)],
        },
        legend=len(panel.series) > 1,
        missing=missing,
    )


def _spiky(ys: list[float]) -> bool:
    return len(ys) > 3 and min(ys) > 0 and max(ys) > SPIKY * statistics.median(ys)


def _styles(series: tuple[Series, ...]) -> tuple[str, ...]:
    styles, used = [], 0
    for one in series:
        if one.role == "reference":
            styles.append("reference")
        else:
            styles.append(f"c{used % 6}")
            used += 1
    return tuple(styles)


def _with_levels(
    ys: list[float], levels: tuple[tuple[float, str], ...], log: bool
) -> tuple[Axis, list[tuple[float, str]], str]:
    """The axis of the values, stretched to the levels as far as the curves stay readable; the levels on
    it, from the top; and those that are not."""
    axis = fitted(ys, log=log)
    left_out: list[str] = []
    held = list(ys)
    for y, text in levels:
        if log and y <= 0:
            left_out.append(f"{text} {short(y)}")
            continue
        wider = fitted([*held, y], log=log)
        if ys and (axis.high - axis.low) < SQUASHED * (wider.high - wider.low):
            left_out.append(f"{text} {short(y)}")
        else:
            held.append(y)
    axis = fitted(held, log=log) if held else axis
    placed = sorted(
        (
            (at, f"{text} {short(y)}" if text else "")
            for y, text in levels
            if (at := axis.share(y)) is not None and 0 <= at <= 1
        ),
        reverse=True,
    )
    return axis, placed, "; ".join(left_out)


def _labels(placed: list[tuple[float, str]], inked: list[tuple[float, float]]) -> tuple[Label, ...]:
    """Each level's name at that end and on that side of its line where it covers the fewest points of
    the curves, and no other name."""
    labels: list[Label] = []
    taken: list[tuple[float, float, float]] = []
    for at, text in placed:
        wide = min(0.9, 0.016 * len(text) + 0.02)
        best: tuple[int, Label, tuple[float, float, float]] | None = None
        for side, low in (("above", at), ("below", at - CLOSE)):
            for end, left in (("right", 1 - wide), ("left", 0.0), ("middle", 0.5 - wide / 2)):
                cost = sum(left <= x <= left + wide and low <= y <= low + CLOSE for x, y in inked)
                cost += 10_000 * (low < 0 or low + CLOSE > 1.03)
                cost += 1_000 * sum(abs(low - o) < CLOSE and left < r and b < left + wide for o, b, r in taken)
                if best is None or cost < best[0]:
                    best = (cost, Label(at, text, f"{side} {end}"), (low, left, left + wide))
        assert best is not None
        labels.append(best[1])
        taken.append(best[2])
    return tuple(labels)


def _path(curve: Points, x_axis: Axis, y_axis: Axis) -> str:
    """Straight lines between neighbours; a point without a neighbour is a line of no length, which a
    round cap makes a dot."""
    parts: list[str] = []
    pen = alone = False
    for x, y in curve:
        across, up = x_axis.share(x), y_axis.share(y)
        if across is None or up is None:
            if alone:
                parts.append("h0")
            pen = alone = False
            continue
        parts.append(f"{'L' if pen else 'M'}{across * 1000:.1f} {(1 - up) * 1000:.1f}")
        alone = not pen
        pen = True
    if alone:
        parts.append("h0")
    return "".join(parts)


def _readout(name: str, curve: Points) -> Json:
    return {
        "n": name,
        "x": [float(f"{x:.6g}") for x, _ in curve],
        "y": [None if y is None else float(f"{y:.4g}") for _, y in curve],
    }
