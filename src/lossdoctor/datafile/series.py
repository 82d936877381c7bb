"""From columns to a series to be forecast: which column is what, gaps filled, windows cut."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, replace

import numpy as np

from ..words import UserError
from ..words.data import Role
from .clock import Clock, counts_rows, found_clock, in_order, pieces_of
from .table import Array, Column, Floats, Table

TARGET = re.compile(r"(y|target|label|class)", re.IGNORECASE)
NAMES_CLASSES = re.compile(r"(.*[-_ ])?(label|class|category|kind|species)", re.IGNORECASE)
MOST_CLASSES = 50
WINDOW = 24
CONSTANT = "never changes"


@dataclass(frozen=True)
class Series:
    """`x`: (rows, inputs), gaps filled with the last value known; `y`: (rows,) numbers with NaN where none was measured, or class
    ids with -1. `ends` are the rows at which windows end, `roles` by column with why it is left out."""

    inputs: tuple[str, ...]
    x: Floats
    target: str
    y: Array
    classes: tuple[str, ...]
    clock: Clock | None
    pieces: tuple[tuple[int, int], ...]
    window: int
    horizon: int
    ends: Array
    roles: dict[str, tuple[Role, str]]
    notes: tuple[str, ...]

    def windows(self, ends: Array, length: int | None = None) -> Floats:
        """(samples, steps, inputs): the rows up to and with each of `ends`."""
        return self.x[ends[:, None] + np.arange(1 - (length or self.window), 1)[None, :]]

    def targets(self, ends: Array) -> Array:
        return np.asarray(self.y[ends + self.horizon])


def series_of(table: Table, target: str | None, window: int | None, horizon: int | None, time: str | None) -> Series:
    """Raises UserError where there is no column of numbers, no such target, or too few rows."""
    table = replace(table, columns=tuple(replace(column, numbers=_as_a_net(column.numbers)) for column in table.columns))
    notes: list[str] = list(table.notes)
    clock = found_clock(table, time)
    pieces = pieces_of(clock, table.rows)
    order = in_order(clock, len(pieces))
    if order is not None and clock is not None:
        falling = bool((np.diff(clock.values) <= 0).all())
        notes.append(
            f"the rows stand {'with the newest first' if falling else 'in another order than their times'} ({clock.column}): they were put "
            "in the order of time here; do the same before cutting windows."
        )
    aim = _target(table, target, clock)
    if target is None:
        notes.append(f'no --target was named: "{aim.name}" was taken.')
    if aim.texts is None and not np.isfinite(aim.numbers).any():
        raise UserError(f'the column "{aim.name}" holds no value, so nothing can be told of it.')
    y, classes = _as_targets(aim)
    roles, used = _roles(table, aim, clock, pieces, classes)
    others = [c for c in used if c.name != aim.name]
    ahead = horizon if horizon is not None else (0 if classes and others else 1)
    own = ahead > 0 and aim.texts is None and (not classes or not others)
    chosen = [c for c in used if c.name != aim.name or own]
    if not chosen:
        raise UserError(f'there is no column of numbers beside "{aim.name}" that could tell it. Columns: {_listed(table)}.')
    roles[aim.name] = ("input and target" if own else "target", "")
    if order is not None:
        y = y[order]
    x = np.stack([_filled(c.numbers if order is None else c.numbers[order], pieces) for c in chosen], axis=1)
    notes += [f'{c.unreadable:,} cells of "{c.name}" are no numbers ("{c.odd[:30]}") and count as missing.' for c in chosen if c.unreadable]
    lengths = [stop - start for start, stop in pieces]
    length = window if window is not None else max(1, min(WINDOW, int(np.quantile(lengths, 0.25)) - ahead if len(pieces) > 1 else table.rows // 6))
    ends = np.concatenate([np.arange(start + length - 1, stop - ahead) for start, stop in pieces if stop - start >= length + ahead] or [np.zeros(0, int)])
    known = y[ends + ahead] >= 0 if classes else np.isfinite(y[ends + ahead])
    if len(ends) < 2 or known.sum() < 2:
        raise UserError(
            f"there are {table.rows:,} rows{f' in {len(pieces):,} series' if len(pieces) > 1 else ''}, too few for windows of {length} and a target "
            f"{ahead} further on{'' if len(ends) < 2 else ' that is known'}. Try a smaller --window."
        )
    if len(pieces) > 1 and clock is not None:
        notes.append(f"{len(pieces):,} series stand one after the other ({clock.column} begins again): no window was cut across two of them.")
    return Series(
        tuple(c.name for c in chosen), x, aim.name, y, classes, clock, pieces, length, ahead, ends[known], roles, tuple(notes)
    )  # fmt: skip


def _target(table: Table, name: str | None, clock: Clock | None) -> Column:
    if name is not None:
        column = table.column(name)
        if column is None:
            near = difflib.get_close_matches(name, [c.name for c in table.columns], n=1)
            raise UserError(f'there is no column "{name}"{f"; did you mean {near[0]}?" if near else "."} Columns: {_listed(table)}.')
        return column
    timed = clock.column if clock is not None else None
    numbers = [c for c in table.columns if c.texts is None and c.name != timed and np.isfinite(c.numbers).any()]
    if not numbers:
        raise UserError(f"there is no column of numbers. Columns: {_listed(table)}. Text must become numbers first; or name --target.")
    named = [c for c in table.columns if TARGET.fullmatch(c.name) and c.name != timed]
    return named[-1] if named else next((c for c in reversed(numbers) if not counts_rows(c.numbers)), numbers[-1])


def _listed(table: Table) -> str:
    names = [column.name for column in table.columns]
    return ", ".join(n[:40] for n in names[:20]) + (f" and {len(names) - 20} more" if len(names) > 20 else "")


def _as_targets(column: Column) -> tuple[Array, tuple[str, ...]]:
    """(numbers, no classes), or (ids, the classes)."""
    if column.texts is not None:
        kinds = sorted({text for text in column.texts if text})
        if len(kinds) > MOST_CLASSES:
            raise UserError(f'the column "{column.name}" holds {len(kinds):,} different texts: it is neither a number nor a class that one could tell.')
        place = {kind: k for k, kind in enumerate(kinds)}
        return np.array([place.get(text, -1) for text in column.texts]), tuple(kinds)
    good = column.numbers[np.isfinite(column.numbers)]
    kinds_of = np.unique(good)
    whole = bool(good.size) and len(kinds_of) <= MOST_CLASSES and bool((kinds_of == np.round(kinds_of)).all())
    if whole and (len(kinds_of) == 2 or (NAMES_CLASSES.fullmatch(column.name) and len(kinds_of) > 1)):
        ids = np.searchsorted(kinds_of, np.where(np.isfinite(column.numbers), column.numbers, kinds_of[0]))
        return np.where(np.isfinite(column.numbers), ids, -1), tuple(f"{kind:g}" for kind in kinds_of)
    return np.where(np.isfinite(column.numbers), column.numbers, np.nan), ()


def _roles(
    table: Table, aim: Column, clock: Clock | None, pieces: tuple[tuple[int, int], ...], classes: tuple[str, ...]
) -> tuple[dict[str, tuple[Role, str]], list[Column]]:
    roles: dict[str, tuple[Role, str]] = {}
    used = []
    for column in table.columns:
        why = ""
        if clock is not None and column.name == clock.column:
            roles[column.name] = ("time", "")
            continue
        good = column.numbers[np.isfinite(column.numbers)]
        if column.texts is not None:
            why = "no numbers"
        elif not good.size:
            why = "empty"
        elif good.min() == good.max() and column is not aim:
            why = CONSTANT
        elif column is not aim and counts_rows(column.numbers):
            why = "counts the rows"
        elif column is not aim and len(pieces) > 1 and _names_pieces(column.numbers, pieces):
            why = "names the series"
        if not why:
            used.append(column)
        roles[column.name] = ("left out", why) if why else ("input", "")
    return roles, used


def _as_a_net(values: Floats) -> Floats:
    """Beyond float32, in which nets reckon, a number is infinite."""
    with np.errstate(invalid="ignore"):
        return np.where(np.abs(values) > np.finfo(np.float32).max, np.sign(values) * np.inf, values)


def _names_pieces(values: Floats, pieces: tuple[tuple[int, int], ...]) -> bool:
    firsts = np.array([values[start] for start, _ in pieces])
    if len(np.unique(firsts)) < 0.9 * len(pieces):
        return False
    return all(bool((values[start:stop] == values[start]).all()) for start, stop in pieces)


def _filled(values: Floats, pieces: tuple[tuple[int, int], ...]) -> Floats:
    """Gaps take the last value known in their series, those at its start the first one."""
    filled = np.where(np.isfinite(values), values, np.nan)
    whole = float(np.nanmedian(filled)) if np.isfinite(filled).any() else 0.0
    for start, stop in pieces:
        part = filled[start:stop]
        known = np.flatnonzero(np.isfinite(part))
        if len(known) == len(part):
            continue
        if not known.size:
            part[:] = whole
            continue
        last = np.searchsorted(known, np.arange(len(part)), side="right") - 1
        part[:] = part[known[np.maximum(last, 0)]]
    return filled
