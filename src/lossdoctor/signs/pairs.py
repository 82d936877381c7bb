"""Inputs and targets as pairs, each sample once: what the data alone say, without the net."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..baselines.dependence import Dependence, as_numbers, dependence, echo_states, window_features
from ..trace.events import HeldInput

if TYPE_CHECKING:
    from .chart import Signs

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]
LAGS = 10


@dataclass(frozen=True)
class Repeats:
    """Samples that were seen again, by the bits of their inputs: how many sights, and how their targets hang
    together: 1 the same ones, 0 as those of any two samples (correlation, or Cohen's kappa of classes)."""

    count: int
    related: float


@dataclass(frozen=True)
class Pairs:
    """`x`: (samples, steps, features) numbers or (samples, steps) tokens, each sample once; `y`: (samples,
    outputs) as the loss got them; `steps`: how many of the window's last steps have a target of their own (0:
    the sample has one); `order`: (batch number, row) at the first sight; `repeats` by bits. `in_time`: neighbours are windows
    that overlap, so that what is learned on one is known of the other."""

    x: Array
    y: Array
    steps: int
    tokens: bool
    classes: bool
    order: Array
    repeats: Repeats
    in_time: bool = False

    def __len__(self) -> int:
        return len(self.x)

    @cached_property
    def numbers(self) -> Floats | None:
        numbers = as_numbers(self.x, self.tokens)
        return None if numbers is None or not np.isfinite(numbers).all() else numbers

    @cached_property
    def outputs(self) -> Floats | None:
        """Targets as columns of numbers: classes as marks; of several, the last eight. None for too many classes."""
        flat = self.y.reshape(len(self.y), -1)
        if not self.classes:
            return flat[:, -8:].astype(np.float64) if np.isfinite(flat).all() else None
        return marks(flat[:, -1])

    @cached_property
    def aligned(self) -> tuple[Dependence, ...]:
        """What simple learners get from the pairs as they are, by the way they look at them."""
        x, y = self.numbers, self.outputs
        if x is None:
            return ()
        found = []
        whole = np.arange(len(x))
        states = echo_states(x)
        if y is not None:
            found.append(dependence(window_features(x), y, whole, "ridge on the window", self.in_time))
            seen = np.concatenate([states[:, -1], states.mean(axis=1)], axis=1)
            found.append(dependence(seen, y, whole, "ridge on echo states", self.in_time))
        if self.steps:
            found.extend(self._by_step(x, states))
        return tuple(d for d in found if d is not None)

    def _by_step(self, x: Floats, states: Floats) -> list[Dependence | None]:
        steps, length = self.steps, x.shape[1]
        y = self.y.reshape(len(self.y), steps, -1)
        columns = marks(y.reshape(-1)) if self.classes else y.reshape(len(self.y) * steps, -1).astype(np.float64)
        if columns is None or len(columns) != len(x) * steps:
            return []
        first = length - steps
        lags = [np.pad(x, ((0, 0), (k, 0), (0, 0)))[:, first : first + steps] for k in range(min(LAGS, length))]
        lagged = np.concatenate(lags, axis=2)[..., :240].reshape(len(x) * steps, -1)
        groups = np.repeat(np.arange(len(x)), steps)
        seen = states[:, first:].reshape(len(x) * steps, -1)
        # Steps that the loss leaves out (padding) say nothing.
        real = y.reshape(-1) >= 0 if self.classes else np.ones(len(columns), dtype=bool)
        lagged, columns, groups, seen = lagged[real], columns[real], groups[real], seen[real]
        return [
            dependence(lagged, columns, groups, "ridge on the last steps"),
            dependence(seen, columns, groups, "ridge on echo states, step by step"),
        ]

    @property
    def best(self) -> Dependence | None:
        return max(self.aligned, key=lambda d: d.skill - max(d.chance, 0.0), default=None)

    @property
    def found(self) -> bool:
        return any(d.found for d in self.aligned)

    @property
    def rows(self) -> int:
        return len(self.x) * max(1, self.steps)


def marks(ids: Array) -> Floats | None:
    known = np.unique(ids[ids >= 0])
    if not 2 <= len(known) <= 120:
        return None
    return np.asarray(ids[:, None] == known[None, :], dtype=np.float64)


def pairs_of(signs: Signs) -> Pairs | None:
    """None where inputs and targets cannot be paired row by row."""
    memo = signs.memo("pairs", lambda: _pairs(signs))
    return memo if isinstance(memo, Pairs) else None


def _pairs(signs: Signs) -> Pairs | None:
    xs: list[Array] = []
    ys: list[Array] = []
    order: list[tuple[int, int]] = []
    shape: tuple[int, ...] | None = None
    for batch in signs.fed.batches:
        if batch.x is None or batch.y is None or batch.x.ndim < 2 or not batch.y.size:
            continue
        pair = together(batch.x, batch.y)
        if pair is None:
            continue
        x, y = pair
        if shape is None:
            shape = (*x.shape[1:], -1, *y.shape[1:])
        if (*x.shape[1:], -1, *y.shape[1:]) != shape:
            continue
        xs.append(x)
        ys.append(y)
        order.extend((batch.number, row) for row in range(len(x)))
    if not xs:
        return None
    x, y = np.concatenate(xs), np.concatenate(ys)
    tokens = bool(np.issubdtype(x.dtype, np.integer))
    first, repeats = _once(x, y)
    if tokens and x.ndim > 2:
        return None
    by_step = y.ndim >= 2 and x.shape[1] > 2 and 0.7 * x.shape[1] < y.shape[1] <= x.shape[1]
    steps = y.shape[1] if by_step else 0
    classes = signs.fed.is_classes or (signs.fed.is_binary and y.ndim == 1)
    in_time = signs.data is not None and signs.data.form == "series"
    return Pairs(x[first], y[first], steps, tokens, classes, np.array(order)[first], repeats, in_time)


FEW = 400
A_BATCH = 8


def few_samples(signs: Signs) -> int | None:
    """How many samples the run is trained on, where they are few and come again and again; None where they are many
    (or were not captured in pairs)."""
    pairs = pairs_of(signs)
    if pairs is None or len(pairs) > FEW or pairs.repeats.count < len(pairs):
        return None
    return len(pairs)


TOLD, MANY, SYMBOLS = 0.5, 100, 6
"""Agreement of the targets of equal inputs below which they are strangers, how many such inputs it takes, and of how few
tokens they are made (of more, short texts repeat themselves by nature)."""


@dataclass(frozen=True, slots=True)
class Twins:
    """Token sequences that look alike because few of the `known` tokens (rows of the embedding) are `used`: which
    `share` of them looks like another one, and how far the targets of such twins agree (0: chance, 1: the same)."""

    used: int
    known: int
    share: float
    agreement: float


def strange_twins(signs: Signs) -> Twins | None:
    """None where most sequences differ, or twins have targets in common."""
    pairs = pairs_of(signs)
    rows = [f.shape[0] for f in signs.wiring.facts.values() if f.role == "embedding" and f.shape]
    if pairs is None or not pairs.tokens or not rows:
        return None
    used, again = len(np.unique(pairs.x)), pairs.repeats
    sights = len(pairs) + again.count
    if used > min(SYMBOLS, max(rows) / 2) or again.count < max(MANY, sights / 2) or again.related >= TOLD:
        return None
    return Twins(used, max(rows), again.count / sights, again.related)


def asked_elsewhere(signs: Signs) -> bool:
    """Was the net asked, without gradients, about a batch of samples that it is not trained on? (One at a time is how a
    net goes on from its own answers, which tests nothing.)"""
    pairs = pairs_of(signs)
    if pairs is None:
        return False
    known = {row.tobytes() for row in _rows(pairs.x)}
    for event in signs.trace.of(HeldInput):
        held = signs.trace.array(event.x)
        if held is None or held.ndim != pairs.x.ndim or held.dtype != pairs.x.dtype:
            continue
        if held.shape[1:] != pairs.x.shape[1:] and held.ndim == 3 and held.shape[:1] == pairs.x.shape[1:2]:
            held = np.swapaxes(held, 0, 1)
        if held.shape[1:] == pairs.x.shape[1:] and sum(row.tobytes() not in known for row in _rows(held)) >= A_BATCH:
            return True
    return False


def _rows(x: Array) -> Array:
    return np.ascontiguousarray(x.reshape(len(x), -1))


def together(x: Array, y: Array) -> tuple[Array, Array] | None:
    """Both with the samples first: time-first inputs turned, targets that were flattened over time taken apart."""
    if y.ndim == 0:
        return None
    if x.ndim == 3 and x.shape[1] == y.shape[0] != x.shape[0]:
        x = np.swapaxes(x, 0, 1)
    if x.shape[0] == y.shape[0]:
        return x, (y[..., 0] if y.ndim > 1 and y.shape[-1] == 1 else y)
    samples = min(len(x), y.size // x.shape[1])
    flat = y.ndim == 1 or (y.ndim == 2 and y.shape[1] == 1)
    if flat and samples and y.shape[0] > x.shape[0] and (y.size == x.shape[0] * x.shape[1] or y.size >= 64):
        return x[:samples], y.reshape(-1)[: samples * x.shape[1]].reshape(samples, x.shape[1])
    return None


def _once(x: Array, y: Array) -> tuple[Array, Repeats]:
    """Indices of the samples at their first sight, and what their later sights say."""
    rows = _rows(x)
    flat = y.reshape(len(y), -1)
    seen: dict[bytes, int] = {}
    first, again = [], []
    for index, row in enumerate(rows):
        earlier = seen.setdefault(row.tobytes(), index)
        if earlier == index:
            first.append(index)
        else:
            again.append((earlier, index))
    before, after = (flat[[pair[side] for pair in again]] for side in (0, 1))
    return np.array(first, dtype=int), Repeats(len(again), _related(before, after, flat) if again else 1.0)


def _related(before: Array, after: Array, every: Array) -> float:
    if every.dtype.kind in "iub":
        known = every[every >= 0] if every.dtype.kind == "i" else every
        shares = np.unique(known, return_counts=True)[1] / max(1, known.size)
        chance = float((shares**2).sum())
        both = (before >= 0) & (after >= 0)
        if not both.any():
            return 1.0
        return (float(np.mean(before[both] == after[both])) - chance) / max(1e-9, 1 - chance)
    if not np.isfinite(before).all() or not np.isfinite(after).all():
        return 1.0
    low, high = np.quantile(every, [0.02, 0.98])
    a, b = (np.clip(v, low, high).reshape(-1).astype(np.float64) for v in (before, after))
    if a.std() < 1e-12 or b.std() < 1e-12:
        return 1.0
    return float(np.corrcoef(a, b)[0, 1])
