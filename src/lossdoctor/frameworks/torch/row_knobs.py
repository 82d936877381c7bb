"""Knobs on which rows of the data the run sees: samples with gaps left out, windows made longer."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from .data_knobs import InputKnob
from .held_out import PER_SAMPLE, by_sample
from .knob import Args, Kwargs
from .tables import Array, in_sight, numbers, rows_of

OVERLAPPING = 0.9
"""Share of a table's rows that must begin one step after the row before."""


class LeaveOutGaps(InputKnob):
    """Samples that hold a number that is none, in their inputs or their targets, are left out of the loss. The net is given zeros
    in the place of such inputs, so that they reach nothing else."""

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
        if name not in PER_SAMPLE or len(args) < 2 or any(other is not None for other in args[2:]):
            return args, kwargs
        given, target = args[:2]
        if not (isinstance(given, torch.Tensor) and isinstance(target, torch.Tensor)) or len(given) != len(target) or not target.dim():
            return args, kwargs
        out = torch.zeros(len(target), dtype=torch.bool, device=target.device)
        if bad is not None:
            samples = by_sample(bad, len(target))
            if samples is None:
                return args, kwargs
            out |= samples.flatten(1).any(1).repeat_interleave(len(target) // len(samples))
        if target.is_floating_point():
            out |= ~target.isfinite().reshape(len(target), -1).all(1)
        if not bool(out.any()) or bool(out.all()):
            return args, kwargs
        self.held()
        return (given[~out], target[~out], *args[2:]), kwargs


class LongerWindow(InputKnob):
    """The model is given windows of `steps` steps: what came before each is put together from the windows before it, in the array
    of the script's that the batches are rows of. Before the array's first row that row is repeated."""

    def __init__(self, steps: int) -> None:
        super().__init__()
        self.steps = steps
        self._series: dict[int, torch.Tensor] = {}
        self._places: dict[bytes, int] = {}
        self._tries = 3
        self.note = "the windows are no rows of one array in which each begins one step after the one before"

    def changed(self, value: torch.Tensor, args: Args) -> torch.Tensor | None:
        others = [a for a in args if a is not value and isinstance(a, torch.Tensor)]
        if value.dim() != 3 or value.is_cuda or not value.is_floating_point() or others:
            return None
        window = value.shape[1]
        if window not in self._series and self._tries > 0:
            self._tries -= 1
            self._find(value)
        series = self._series.get(window)
        if series is None or self.steps <= window:
            return None
        rows = [self._places.get(sample.tobytes()) for sample in np.ascontiguousarray(value.detach().numpy())]
        if any(row is None for row in rows):
            return None
        ends = torch.tensor(rows)[:, None] + window
        self.held()
        return series[(ends + torch.arange(-self.steps, 0)).clamp(min=0)]

    def _find(self, value: torch.Tensor) -> None:
        """Every array in sight that holds windows of this form becomes a series; training rows and held-back ones have one each."""
        batch = numbers(value.detach())
        for table in in_sight():
            array = table.array
            if batch is None or array.ndim != 3 or array.shape[1:] != batch.shape[1:] or array.dtype != batch.dtype or not overlaps(array):
                continue
            if rows_of(array, batch) is not None:
                self._series[value.shape[1]] = torch.from_numpy(np.concatenate([array[0], array[1:, -1]]))
                self._places = {np.ascontiguousarray(row).tobytes(): number for number, row in enumerate(array)}
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
