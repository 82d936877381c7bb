"""Do the targets hang on the inputs at all? Cross-validated skill of two simple learners, beside the same with
the targets permuted.

Ridge on the inputs as they are, and ridge on the states of a fixed random recurrent net (Jaeger 2001, "The echo
state approach"), which sees products and orders too. Permuted targets go through the same fits, so that what
chance gives is measured and not assumed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]
FOLDS = 4
PERMUTED = 40
MAX_ROWS = 2000
MAX_FEATURES = 240
UNITS = 60
STRETCHES = 16
STRENGTHS = (3.0, 100.0, 3000.0)


@dataclass(frozen=True, slots=True)
class Dependence:
    """`skill`: cross-validated share of the targets' variance explained; `chance`: what 95% of the permuted
    targets stay below; `samples`: independent groups of rows."""

    skill: float
    chance: float
    samples: int
    what: str

    @property
    def found(self) -> bool:
        return self.skill > max(self.chance, 0.0) + 0.01


def dependence(features: Floats, y: Floats, groups: Array, what: str, blocks: bool = False) -> Dependence | None:
    """None for fewer than 40 groups of rows, or targets that do not vary. Rows of one group are kept on one side
    of the split; with `blocks`, so are neighbours (rows stand in the order of time)."""
    names, member = np.unique(groups, return_inverse=True)
    if len(names) < 40 or not (y.std(axis=0) > 1e-12).any():
        return None
    rng = np.random.default_rng(0)
    if len(features) > MAX_ROWS:
        keep = _thinned(member, len(names), rng)
        features, y = features[keep], y[keep]
        names, member = np.unique(member[keep], return_inverse=True)
    spread = features.std(axis=0)
    features = features[:, spread > 1e-12]
    if not features.shape[1]:
        return Dependence(0.0, 0.0, len(names), what)
    features = (features - features.mean(axis=0)) / features.std(axis=0)
    targets = np.concatenate([y, *[y[_permuted(member, len(names), rng, blocks)] for _ in range(PERMUTED)]], axis=1)
    fold_of = np.arange(len(names)) * FOLDS // len(names) if blocks else rng.permutation(len(names)) % FOLDS
    skills = explained(features, targets, fold_of[member], y.shape[1])
    return Dependence(float(skills[0]), float(np.quantile(skills[1:], 0.95)), len(names), what)


def explained(features: Floats, targets: Floats, fold: Array, outputs: int) -> Floats:
    """Cross-validated skill of each block of `outputs` columns, at the best of three strengths."""
    blocks = targets.shape[1] // outputs
    best = np.full(blocks, -np.inf)
    for strength in STRENGTHS:
        residual, total = np.zeros(blocks), np.zeros(blocks)
        for number in range(FOLDS):
            test, train = fold == number, fold != number
            if not test.any() or not train.any():
                continue
            x, mean = features[train], targets[train].mean(axis=0)
            center = x.mean(axis=0)
            x = x - center
            weights = np.linalg.solve(x.T @ x + strength * np.eye(x.shape[1]), x.T @ (targets[train] - mean))
            off = targets[test] - mean
            left = off - (features[test] - center) @ weights
            residual += (left**2).sum(axis=0).reshape(blocks, outputs).sum(axis=1)
            total += (off**2).sum(axis=0).reshape(blocks, outputs).sum(axis=1)
        best = np.maximum(best, 1 - residual / np.maximum(total, 1e-300))
    return best


def left_over(features: Floats, y: Floats) -> Floats:
    """(rows,) what a cross-validated ridge leaves of each row's targets, in units of what the mean leaves of all."""
    spread = features.std(axis=0)
    features = (features[:, spread > 1e-12] - features[:, spread > 1e-12].mean(axis=0)) / spread[spread > 1e-12]
    fold = np.random.default_rng(0).permutation(len(y)) % FOLDS
    off, left = np.empty(len(y)), np.empty((len(STRENGTHS), len(y)))
    for number in range(FOLDS):
        test, train = fold == number, fold != number
        x, center, mean = features[train], features[train].mean(axis=0), y[train].mean(axis=0)
        x = x - center
        off[test] = ((y[test] - mean) ** 2).sum(axis=1)
        for index, strength in enumerate(STRENGTHS):
            weights = np.linalg.solve(x.T @ x + strength * np.eye(x.shape[1]), x.T @ (y[train] - mean))
            left[index, test] = ((y[test] - mean - (features[test] - center) @ weights) ** 2).sum(axis=1)
    return np.asarray(left[left.sum(axis=1).argmin()] / max(float(off.mean()), 1e-300))


def _thinned(member: Array, groups: int, rng: np.random.Generator) -> Array:
    """Which rows to keep, MAX_ROWS at most: of too many groups some; of the rest the same places in every group, so that
    permuted targets stand where they stood in their own group."""
    kept = np.flatnonzero(np.isin(member, rng.permutation(groups)[:MAX_ROWS]))
    if len(kept) <= MAX_ROWS:
        return kept
    place = _places(member[kept])
    often = np.bincount(place)
    order = rng.permutation(len(often))
    within = np.cumsum(often[order]) <= MAX_ROWS
    within[0] = True
    return kept[np.isin(place, order[within])]


def _places(member: Array) -> Array:
    """The place of each row among those of its group."""
    order = np.argsort(member, kind="stable")
    sizes = np.bincount(member)
    place = np.empty(len(member), dtype=int)
    place[order] = np.arange(len(member)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return place


ALIKE = 8
"""Groups of one size among which targets are permuted; of fewer, those of the next size come in."""


def _permuted(member: Array, groups: int, rng: np.random.Generator, blocks: bool) -> Array:
    """Rows in an order that pairs every group with the targets of another one of its size, each at its own place: what
    the place alone tells, chance has too. In blocks: stretches of time in another order, which leaves alone what neighbours
    have in common, and not how the whole goes on (a target moved around in a circle is told by any window of a period)."""
    if blocks:
        parts = np.split(np.arange(len(member)), np.sort(rng.integers(1, len(member), STRETCHES - 1)))
        return np.concatenate([parts[k] for k in rng.permutation(len(parts))])
    order = np.argsort(member, kind="stable")
    starts = np.searchsorted(member[order], np.arange(groups))
    sizes = np.bincount(member, minlength=groups)
    other = _partners(sizes, rng)[member]
    return order[starts[other] + np.minimum(_places(member), sizes[other] - 1)]


def _partners(sizes: Array, rng: np.random.Generator) -> Array:
    groups = len(sizes)
    if sizes.min() == sizes.max():
        return rng.permutation(groups)
    ranked = np.lexsort((rng.random(groups), sizes))
    ends, since = [], 0
    for index in np.flatnonzero(np.diff(sizes[ranked])) + 1:
        if index - since >= ALIKE <= groups - index:
            ends.append(int(index))
            since = int(index)
    partner = np.empty(groups, dtype=int)
    for part in np.split(ranked, ends):
        partner[part] = rng.permutation(part)
    return partner


def as_numbers(x: Array, tokens: bool) -> Floats | None:
    """(samples, steps, numbers): tokens as marks of up to 120 kinds; None for larger vocabularies of them."""
    if not tokens:
        return (x if x.ndim == 3 else x[..., None] if x.ndim == 2 else x.reshape(len(x), 1, -1)).astype(np.float64)
    kinds, ids = np.unique(x, return_inverse=True)
    ids = ids.reshape(x.shape)
    if len(kinds) > 120:
        common = np.argsort(-np.bincount(ids.reshape(-1)))[:120]
        table = np.full(len(kinds), 120)
        table[common] = np.arange(120)
        ids = table[ids]
    marks = np.eye(int(ids.max()) + 1)[ids]
    return np.asarray(marks.reshape(len(x), x.shape[1], -1), dtype=np.float64)


def window_features(x: Floats) -> Floats:
    """The window as it is, its newest MAX_FEATURES numbers that vary, and the means over time where it is longer."""
    flat = x.reshape(len(x), -1)
    flat = flat[:, flat.std(axis=0) > 0]
    return flat if flat.shape[1] <= MAX_FEATURES else np.concatenate([flat[:, -MAX_FEATURES:], x.mean(axis=1)], axis=1)


def echo_states(x: Floats) -> Floats:
    """(samples, steps, UNITS) states of a fixed random net with memory, fed with the standardised inputs."""
    rng = np.random.default_rng(1)
    size = x.shape[2]
    spread = x.std(axis=(0, 1))
    fed = (x - x.mean(axis=(0, 1))) / np.where(spread > 1e-12, spread, 1.0)
    inward = rng.normal(size=(size, UNITS)) * (0.7 / np.sqrt(size))
    inner = rng.normal(size=(UNITS, UNITS))
    inner *= 0.95 / np.abs(np.linalg.eigvals(inner)).max()
    shift = rng.normal(size=UNITS) * 0.5
    state, states = np.zeros((len(x), UNITS)), np.empty((len(x), x.shape[1], UNITS))
    for step in range(x.shape[1]):
        state = np.tanh(np.clip(fed[:, step], -10, 10) @ inward + state @ inner + shift)
        states[:, step] = state
    return states
