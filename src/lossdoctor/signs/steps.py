"""What each update did: the rate, the gradient before and after clipping, how far the weights moved."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..trace.events import ClipSeen, GradientUse, OptimizerSeen, SchedulerSeen
from ..trace.reader import Trace
from .series import Floats, middle

Mask = np.ndarray[tuple[int, ...], np.dtype[np.bool_]]
SCALE_FREE = frozenset({"Adam", "AdamW", "NAdam", "RAdam", "RMSprop", "Adagrad", "Adamax", "Adadelta", "Lion", "Rprop"})


@dataclass(frozen=True)
class StepSign:
    """Columns by update; `clip_total` is the norm that a clip measured before it cut."""

    steps: Floats
    lr: Floats
    grad_norm: Floats
    clip_max: Floats
    clip_total: Floats
    backwards: Floats
    optimizer: OptimizerSeen | None
    clips: tuple[ClipSeen, ...]
    schedulers: tuple[SchedulerSeen, ...]
    uses: tuple[GradientUse, ...]
    taking_turns: bool = False

    @property
    def count(self) -> int:
        return len(self.steps)

    @property
    def optimizer_name(self) -> str:
        return self.optimizer.cls if self.optimizer is not None else ""

    @property
    def scale_free(self) -> bool:
        """Does the optimizer undo the gradient's scale?"""
        return self.optimizer_name in SCALE_FREE

    @property
    def weight_decay(self) -> float:
        return max((g.weight_decay or 0.0 for g in self.optimizer.groups), default=0.0) if self.optimizer else 0.0

    @property
    def momentum(self) -> float:
        return max((g.momentum or 0.0 for g in self.optimizer.groups), default=0.0) if self.optimizer else 0.0

    @property
    def maximize(self) -> bool:
        return any(g.maximize for g in self.optimizer.groups) if self.optimizer else False

    @cached_property
    def rates(self) -> Floats:
        """The rates that moved the weights: none after the last gradient that was a number."""
        lived = np.flatnonzero(np.isfinite(self.grad_norm))
        rates = self.lr[: lived[-1] + 1] if lived.size else self.lr
        return rates[np.isfinite(rates)]

    @cached_property
    def lr_start(self) -> float:
        good = self.rates
        return float(good[0]) if good.size else math.nan

    @cached_property
    def lr_peak(self) -> float:
        good = self.rates
        return float(good.max()) if good.size else math.nan

    @cached_property
    def lr_end(self) -> float:
        good = self.rates
        return float(good[-1]) if good.size else math.nan

    def lr_below(self, share: float) -> int | None:
        """Step after which the rate stays below `share` of its peak."""
        good = np.isfinite(self.lr)
        if not good.any() or not self.lr_peak > 0:
            return None
        low = self.lr[good] < share * self.lr_peak
        if not low.size or not low[-1]:
            return None
        high = np.flatnonzero(~low)
        index = int(high[-1]) + 1 if high.size else 0
        return int(self.steps[good][index]) if index < low.size else None

    @cached_property
    def raw_norm(self) -> Floats:
        """The gradient norm before clipping, where a clip measured it, else as it came to the update."""
        return np.where(np.isfinite(self.clip_total), self.clip_total, self.grad_norm)

    @cached_property
    def clip_coefficient(self) -> float:
        """Median of min(1, limit / norm) over the updates that were clipped by norm; nan without clipping."""
        limited = np.isfinite(self.clip_max) & np.isfinite(self.clip_total) & (self.clip_total > 0)
        if not limited.any():
            return math.nan
        return middle(np.minimum(1.0, self.clip_max[limited] / self.clip_total[limited]))

    @cached_property
    def clip_active(self) -> float:
        """Share of updates on which the clip cut."""
        limited = np.isfinite(self.clip_max) & np.isfinite(self.clip_total)
        return float(np.mean(self.clip_total[limited] > self.clip_max[limited])) if limited.any() else 0.0

    @cached_property
    def norm_start(self) -> float:
        return middle(self.raw_norm[:5])

    @cached_property
    def first_spike(self) -> tuple[int, float] | None:
        """(step, factor): the first gradient norm above 10 x the median of those before it."""
        norms = self.raw_norm
        for index in range(1, len(norms)):
            before = middle(norms[max(0, index - 100) : index])
            if not math.isfinite(before) or before <= 0:
                continue
            if not math.isfinite(norms[index]):
                return int(self.steps[index]), math.inf
            if norms[index] > 10 * before:
                return int(self.steps[index]), float(norms[index] / before)
        return None


def measure_steps(trace: Trace, training: int) -> StepSign:
    table = trace.table("step")
    optimizers = trace.of(OptimizerSeen)
    empty = np.zeros(0)
    uses = tuple(u for u in trace.of(GradientUse) if u.training == training)
    if not len(table):
        return StepSign(empty, empty, empty, empty, empty, empty, None, tuple(trace.of(ClipSeen)), (), uses)
    mine = table.column("training") == training
    numbers = table.column("optimizer")[mine]
    main = int(max(set(numbers.tolist()), key=numbers.tolist().count)) if numbers.size else -1
    mine = mine & (table.column("optimizer") == main)
    first, last = (table.column("step")[mine][[0, -1]]) if mine.any() else (0, 0)
    return StepSign(
        table.column("step")[mine], table.column("lr")[mine], table.column("grad_norm")[mine],
        table.column("clip_max")[mine], table.column("clip_total")[mine], table.column("backwards")[mine],
        next((o for o in optimizers if o.optimizer == main), None),
        tuple(c for c in trace.of(ClipSeen) if first - 1 <= c.step <= last + 1),
        tuple(s for s in trace.of(SchedulerSeen) if first <= s.step <= last + 1),
        uses,
        taking_turns=len(set(numbers.tolist())) > 1,
    )  # fmt: skip


@dataclass(frozen=True)
class UpdateSign:
    """Sampled updates, by parameter index: medians over the run unless said otherwise."""

    steps: Floats
    param: Floats
    grad_norm: Floats
    after_backward: Floats
    update_norm: Floats
    weight_norm: Floats
    cosine: Floats
    changed: Floats

    @property
    def count(self) -> int:
        return len(np.unique(self.steps))

    def of(self, param: int) -> Mask:
        mask: Mask = self.param == param
        return mask

    @cached_property
    def ever_changed(self) -> dict[int, bool]:
        return {int(p): bool((self.changed[self.param == p] > 0).any()) for p in np.unique(self.param)}

    def ratio(self, first: int = 0, last: int | None = None) -> float:
        """Median over weights of update norm / weight norm, between two updates counted from the training's first."""
        if not self.steps.size:
            return math.nan
        since = self.steps - self.steps.min()
        use = (since >= first) & (self.weight_norm > 0) & np.isfinite(self.update_norm)
        if last is not None:
            use &= since <= last
        return middle(self.update_norm[use] / self.weight_norm[use])

    @cached_property
    def along_gradient(self) -> float:
        """Median cosine between the update and the negative gradient, weighted to moving tensors: < 0 climbs."""
        use = np.isfinite(self.cosine) & (self.changed > 0) & (self.update_norm > 0)
        return middle(self.cosine[use])

    @cached_property
    def first_along_gradient(self) -> float:
        """The same for the first update alone, which no momentum has touched yet."""
        if not self.steps.size:
            return math.nan
        use = (self.steps == self.steps.min()) & np.isfinite(self.cosine) & (self.changed > 0) & (self.update_norm > 0)
        return middle(self.cosine[use])

    @cached_property
    def weight_course(self) -> tuple[float, float]:
        """Total weight norm at the first and at the last sample."""
        if not self.steps.size:
            return math.nan, math.nan

        def total(step: float) -> float:
            return float(np.sqrt(np.nansum(self.weight_norm[self.steps == step] ** 2)))

        return total(self.steps.min()), total(self.steps.max())


def measure_updates(trace: Trace, training: int) -> UpdateSign:
    table = trace.table("tensor")
    empty = np.zeros(0)
    if not len(table):
        return UpdateSign(empty, empty, empty, empty, empty, empty, empty, empty)
    mine = table.column("training") == training
    return UpdateSign(
        table.column("step")[mine], table.column("param")[mine], table.column("grad_norm")[mine],
        table.column("grad_norm_after_backward")[mine], table.column("update_norm")[mine],
        table.column("weight_norm")[mine], table.column("cosine")[mine], table.column("changed")[mine],
    )  # fmt: skip
