"""What the net was fed, what it answered, and what it should have answered: from the captured batches."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from ..baselines.constant import BINARY_LOSSES, CLASS_LOSSES
from ..trace.events import BatchSaved, LossTerm
from ..trace.reader import Trace
from .series import Floats

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Batch:
    step: int
    number: int
    x: Array | None
    y: Array | None
    p: Array | None


@dataclass(frozen=True)
class FedSign:
    """Captured training batches of one training's main loss term, in order, and held-back ones."""

    batches: tuple[Batch, ...]
    held: tuple[Batch, ...]
    term: LossTerm | None

    @cached_property
    def inputs(self) -> tuple[Array, ...]:
        return tuple(b.x for b in self.batches if b.x is not None and b.x.size)

    @cached_property
    def once(self) -> list[tuple[Array, Array]]:
        """(inputs, targets) of the captured batches, each sample at its first sight only: a learner that is judged on samples
        which it was not fitted on must not have seen them in another epoch."""
        seen: set[bytes] = set()
        found = []
        for batch in self.batches:
            x, y = batch.x, batch.y
            if x is None or y is None or x.ndim < 2:
                continue
            rows = np.swapaxes(x, 0, 1) if x.ndim == 3 and y.ndim and len(x) != len(y) == x.shape[1] else x
            if not y.ndim or len(rows) != len(y):
                found.append((x, y))
                continue
            keys = [np.ascontiguousarray(row).tobytes() for row in rows]
            new = [i for i, key in enumerate(keys) if key not in seen and key not in keys[:i]]
            seen.update(keys)
            if new:
                found.append((rows[new], y[new]))
        return found

    @property
    def integer_inputs(self) -> bool:
        return bool(self.inputs) and np.issubdtype(self.inputs[0].dtype, np.integer)

    @cached_property
    def features(self) -> Floats | None:
        """All captured input values as (rows, features); None for tokens or without inputs."""
        if not self.inputs or self.integer_inputs:
            return None
        last = self.inputs[0].shape[-1] if self.inputs[0].ndim >= 3 or self.inputs[0].ndim == 2 else 1
        if self.inputs[0].ndim == 2 and last > 256:
            last = 1
        rows = [x.reshape(-1, last) for x in self.inputs if (x.ndim >= 1 and x.shape[-1] == last) or last == 1]
        return np.concatenate(rows).astype(np.float64) if rows else None

    @cached_property
    def feature_stats(self) -> tuple[Floats, Floats] | None:
        """(mean, standard deviation) by feature over the finite values."""
        if self.features is None:
            return None
        values = np.where(np.isfinite(self.features), self.features, np.nan)
        with np.errstate(all="ignore"):
            mean, std = np.nanmean(values, axis=0), np.nanstd(values, axis=0)
        return np.nan_to_num(mean), np.nan_to_num(std)

    @cached_property
    def bad_inputs(self) -> tuple[int, int, int] | None:
        """(batch, how many, feature) of the first batch with NaN or Inf in its input."""
        return _first_bad([(b.number, b.x) for b in self.batches])

    @cached_property
    def bad_targets(self) -> tuple[int, int, int] | None:
        inferred = self.term is not None and self.term.by_hand
        return _first_bad(
            [(b.number, b.y) for b in self.batches if not (inferred and (b.p is None or not np.isfinite(b.p).all()))]
        )

    @cached_property
    def targets(self) -> Array | None:
        kept = [b.y for b in self.batches if b.y is not None and b.y.size]
        if not kept:
            return None
        return np.concatenate([y.reshape(-1) for y in kept])

    @property
    def is_classes(self) -> bool:
        return (
            self.term is not None
            and self.term.fn in CLASS_LOSSES
            and self.targets is not None
            and np.issubdtype(self.targets.dtype, np.integer)
        )

    @property
    def is_binary(self) -> bool:
        return self.term is not None and self.term.fn in BINARY_LOSSES

    @property
    def is_regression(self) -> bool:
        return self.term is not None and not self.is_classes and not self.is_binary and self.term.fn not in CLASS_LOSSES

    @cached_property
    def class_counts(self) -> Floats:
        """How many captured targets each class has; empty where they are no classes."""
        if self.targets is None or not self.is_classes:
            return np.zeros(0)
        return np.bincount(self.targets[self.targets >= 0].astype(int)).astype(float)

    @cached_property
    def target_stats(self) -> tuple[float, float]:
        """(mean, standard deviation) of finite targets."""
        if self.targets is None:
            return math.nan, math.nan
        values = self.targets[np.isfinite(self.targets)].astype(np.float64)
        return (float(values.mean()), float(values.std())) if values.size else (math.nan, math.nan)

    @cached_property
    def identical_rows(self) -> float:
        """Share of captured samples whose input is the commonest one, bit for bit."""
        rows = [x.reshape(x.shape[0], -1) for x in self.inputs if x.ndim >= 2]
        if not rows:
            return 0.0
        size = rows[0].shape[1]
        stacked = np.concatenate([r for r in rows if r.shape[1] == size])
        if len(stacked) < 4:
            return 0.0
        _, counts = np.unique(stacked, axis=0, return_counts=True)
        return float(counts.max() / len(stacked))

    @cached_property
    def spread_between_samples(self) -> float:
        """Largest standard deviation of an input value over the samples of a batch, over all batches."""
        spreads = []
        for x in self.inputs:
            if x.ndim >= 1 and x.shape[0] > 1:
                numbers = x.astype(np.float64)
                numbers[~np.isfinite(numbers)] = np.nan
                spreads.append(float(np.nanmax(np.nanstd(numbers, axis=0))))
        return max(spreads, default=math.nan)

    def answers(self, share: float = 0.4) -> ClassAnswers | None:
        """How the classes were answered in the batches captured over the last `share` of the updates; None where
        there are no classes."""
        kept = [b for b in self.batches if b.p is not None and b.y is not None]
        if not kept:
            return None
        from_step = kept[-1].step * (1 - share)
        shown = [b for b in kept if b.step >= from_step]
        return class_answers(shown, self.is_classes, self.is_binary, self.term)


@dataclass(frozen=True)
class ClassAnswers:
    """Counts by class: of targets, of answers, of right answers."""

    targets: Floats
    answers: Floats
    right: Floats

    @property
    def balanced_accuracy(self) -> float:
        seen = self.targets > 0
        return float(np.mean(self.right[seen] / self.targets[seen])) if seen.any() else math.nan

    @property
    def classes(self) -> int:
        return int((self.targets > 0).sum())

    @property
    def majority_share(self) -> float:
        return float(self.targets.max() / max(1.0, self.targets.sum()))

    @property
    def answered_majority(self) -> float:
        """Share of answers that name the most frequent class."""
        return float(self.answers[int(np.argmax(self.targets))] / max(1.0, self.answers.sum()))

    @property
    def rare_recall(self) -> float:
        """Mean recall of the classes rarer than half of an even share."""
        total = self.targets.sum()
        rare = (self.targets > 0) & (self.targets < 0.5 * total / max(1, self.classes))
        return float(np.mean(self.right[rare] / self.targets[rare])) if rare.any() else math.nan


def class_answers(batches: list[Batch], classes: bool, binary: bool, term: LossTerm | None) -> ClassAnswers | None:
    if not batches or not (classes or binary):
        return None
    truth, given = [], []
    for batch in batches:
        y, p = batch.y, batch.p
        assert y is not None and p is not None
        if binary:
            if p.size != y.size:
                continue
            edge = 0.0 if term is not None and term.fn.endswith("with_logits") else 0.5
            truth.append((y.reshape(-1) > 0.5).astype(int))
            given.append((p.reshape(-1) > edge).astype(int))
        else:
            if p.ndim < 2 or p.shape[0] != y.shape[0] or p.shape[2:] != y.shape[1:]:
                continue
            truth.append(y.reshape(-1))
            given.append(p.argmax(axis=1).reshape(-1))
    if not truth:
        return None
    t, g = np.concatenate(truth).astype(int), np.concatenate(given).astype(int)
    ignore = term.ignore_index if term is not None and term.ignore_index is not None else -100
    keep = (t != ignore) & (t >= 0)
    t, g = t[keep], g[keep]
    if not t.size:
        return None
    size = int(max(t.max(), g.max())) + 1
    return ClassAnswers(
        np.bincount(t, minlength=size).astype(float), np.bincount(g, minlength=size).astype(float),
        np.bincount(t[t == g], minlength=size).astype(float),
    )  # fmt: skip


def _first_bad(arrays: list[tuple[int, Array | None]]) -> tuple[int, int, int] | None:
    for number, array in arrays:
        if array is None or not np.issubdtype(array.dtype, np.floating):
            continue
        bad = ~np.isfinite(array)
        if bad.any():
            where = np.argwhere(bad)[0]
            return number, int(bad.sum()), int(where[-1]) if array.ndim > 1 else 0
    return None


def measure_fed(trace: Trace, training: int, term: LossTerm | None) -> FedSign:
    batches: list[Batch] = []
    held: list[Batch] = []
    terms = {t.term: t for t in trace.of(LossTerm)}
    for saved in trace.of(BatchSaved):
        of_term = terms.get(saved.term)
        fits = term is not None and (saved.term == term.term or (of_term is not None and of_term.fn == term.fn))
        if saved.training != training and not saved.held_back:
            continue
        if term is not None and not fits:
            continue
        batch = Batch(
            saved.step, saved.batch, *(trace.array(n) if n is not None else None for n in (saved.x, saved.y, saved.p))
        )
        (held if saved.held_back else batches).append(batch)
    batches.sort(key=lambda b: (b.step, b.number))
    return FedSign(tuple(batches), tuple(held), term)
