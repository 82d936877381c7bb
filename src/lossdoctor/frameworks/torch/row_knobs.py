"""Knobs on which rows of the data the run sees: samples with gaps left out, windows made longer."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import torch

from .data_knobs import CLIPPED, InputKnob
from .held_out import PER_SAMPLE, by_sample
from .knob import Args, Kwargs
from .tables import Array, in_sight, numbers, rows_of

OVERLAPPING = 0.9
"""Share of a table's rows that must begin one step after the row before."""


class LeaveOutGaps(InputKnob):
    """Samples that hold a number that is none, in their inputs or their targets, are left out of the loss. The net is given zeros
    in the place of such inputs, so that they reach nothing else. A batch without any other sample teaches nothing."""

    def __init__(self) -> None:
        super().__init__()
        self._bad: torch.Tensor | None = None
        self.note = "no NaN or Inf was met, or inputs and targets cannot be paired sample by sample"

    def changed(self, value: torch.Tensor, args: Args) -> torch.Tensor | None:
        self._bad = None
        if not value.is_floating_point() or value.dim() < 2:
            return None
        finite = value.isfinite()
        if bool(finite.all()):
            return None
        self._bad = ~finite
        return value.where(finite, 0.0)

    def criterion(self, name: str, args: Args, kwargs: Kwargs) -> tuple[Args, Kwargs]:
        bad, self._bad = self._bad, None
        weighed = any(other is not None for other in args[2:]) or (kwargs.get("weight") is not None and name.startswith("binary"))
        if name not in PER_SAMPLE or len(args) < 2 or weighed:
            return args, kwargs
        given, target = args[:2]
        if not (isinstance(given, torch.Tensor) and isinstance(target, torch.Tensor)) or not target.dim() or len(given) != len(target):
            return args, kwargs
        out = torch.zeros(len(target), dtype=torch.bool, device=target.device)
        if bad is not None:
            samples = by_sample(bad, len(target))
            if samples is None:
                return args, kwargs
            out |= samples.flatten(1).any(1).repeat_interleave(len(target) // len(samples))
        if target.is_floating_point():
            out |= ~target.isfinite().reshape(len(target), -1).all(1)
        if not bool(out.any()):
            return args, kwargs
        if bool(out.all()):
            if not self.took_hold:
                self.note = "every sample of the batches that were met has a gap"
            return ((given, given.detach(), *args[2:]), kwargs) if name in CLIPPED and given.shape == target.shape else (args, kwargs)
        self.held()
        return (given[~out], target[~out], *args[2:]), kwargs


class Past:
    """A table of windows of (windows, steps, features), and what came before each of them: put together from the windows that
    begin one step before the next. Windows that are there twice have no certain past."""

    def __init__(self, table: Array) -> None:
        follows = np.concatenate([[False], (table[1:, :-1] == table[:-1, 1:]).all(axis=(1, 2))])
        first = np.flatnonzero(~follows)
        segment = np.cumsum(~follows) - 1
        window = table.shape[1]
        self.begins = first[segment] + segment * (window - 1)
        self.ends = np.arange(len(table)) + (segment + 1) * (window - 1) + 1
        parts = [np.concatenate([table[a], table[a + 1 : b, -1]]) for a, b in pairwise([*first, len(table)])]
        self.series = torch.from_numpy(np.concatenate(parts))
        self.rows: dict[bytes, int | None] = {}
        for number, row in enumerate(table):
            key = np.ascontiguousarray(row).tobytes()
            self.rows[key] = None if key in self.rows else number

    def of(self, batch: Array, steps: int) -> torch.Tensor | None:
        """The windows of a batch with what came before, `steps` steps each (before the first that is known, that is repeated);
        None where one is not of this table."""
        found = [self.rows.get(np.ascontiguousarray(sample).tobytes()) for sample in batch]
        rows = [row for row in found if row is not None]
        if len(rows) < len(found):
            return None
        at = self.ends[rows][:, None] + np.arange(-steps, 0)
        return self.series[torch.from_numpy(np.maximum(at, self.begins[rows][:, None]))]


class LongerWindow(InputKnob):
    """The model is given windows of `steps` steps: what came before each is taken from the array of the script's that the batches
    are rows of, in training and where the model is asked alike."""

    TRIES = 4

    def __init__(self, steps: int) -> None:
        super().__init__()
        self.steps = steps
        self._pasts: list[Past] = []
        self._tries = self.TRIES
        self._given_up = False
        self.note = "the windows are no rows of one array in which each begins one step after the one before"

    def changed(self, value: torch.Tensor, args: Args) -> torch.Tensor | None:
        others = [a for a in args if a is not value and isinstance(a, torch.Tensor)]
        batch = numbers(value.detach()) if value.dim() == 3 and value.is_floating_point() and not others else None
        if batch is None or batch.shape[1] >= self.steps or self._given_up:
            return None
        longer = self._longer(batch)
        if longer is None and self._tries > 0:
            self._tries -= 1
            self._find(batch)
            longer = self._longer(batch)
        if longer is not None:
            if torch.is_grad_enabled():
                self.held()
            return longer.to(value)
        if self.took_hold and torch.is_grad_enabled():
            # Some windows longer and some not would be neither the one nor the other.
            self.took_hold, self._given_up = False, True
            self.note = "some windows are rows of no array that is in sight, or are there twice"
        return None

    def _longer(self, batch: Array) -> torch.Tensor | None:
        return next((found for past in self._pasts if (found := past.of(batch, self.steps)) is not None), None)

    def _find(self, batch: Array) -> None:
        """The array that a batch is rows of; held-back windows have one of their own."""
        for table in in_sight():
            array = table.array
            alike = array.ndim == 3 and array.shape[1:] == batch.shape[1:] and array.dtype == batch.dtype
            if alike and overlaps(array) and rows_of(array, batch) is not None:
                self._pasts.append(Past(array))
                return


def overlaps(table: Array) -> bool:
    """Does nearly every window of (windows, steps, features) begin one step after the one before?"""
    if len(table) < 2 or table.shape[1] < 2:
        return False
    same = (table[1:, :-1] == table[:-1, 1:]).all(axis=(1, 2))
    return float(np.mean(same)) >= OVERLAPPING


def make_row_knob(fix: str, args: Any) -> InputKnob | None:
    """The knob of a fix that changes which rows are seen, or None."""
    if fix == "impute":
        return LeaveOutGaps()
    return LongerWindow(int(args["steps"])) if fix == "set-window" and args.get("longer") else None
