"""The series from which overlapping windows were cut, put together again from what they have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from .pairs import Pairs, pairs_of

if TYPE_CHECKING:
    from .chart import Signs

Floats = npt.NDArray[np.float64]
Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Recorded:
    """`x`: (length, features), NaN where no window told; `start`: where window `sample[i]` of the pairs begins;
    `window`: its length."""

    x: Floats
    sample: Array
    start: Array
    window: int

    def __len__(self) -> int:
        return len(self.x)

    def around(self, first: int, stop: int) -> tuple[Array, Floats]:
        """(indices into `sample`, their rows [first, stop) relative to the end of each window, flattened), for
        the windows around which all of these rows are known."""
        ends = self.start + self.window
        inside = (ends + first >= 0) & (ends + stop <= len(self.x))
        index = np.flatnonzero(inside)
        rows = ends[index][:, None] + np.arange(first, stop)[None, :]
        values = self.x[rows].reshape(len(index), -1) if len(index) else np.zeros((0, 0))
        known = np.isfinite(values).all(axis=1)
        return index[known], values[known]


def recorded(signs: Signs) -> Recorded | None:
    """The longest series that can be put together; None where windows do not overlap, or repeat themselves."""
    memo = signs.memo("recorded", lambda: _recorded(pairs_of(signs), pieces(signs)))
    return memo if isinstance(memo, Recorded) else None


Piece = list[tuple[int, int]]


def pieces(signs: Signs) -> tuple[Piece, ...]:
    """Windows that hang together, by how they overlap: (sample, offset in time within its piece). None of them where
    windows do not overlap, or repeat themselves."""
    memo = signs.memo("pieces", lambda: _noted(signs) or _pieces(pairs_of(signs)))
    return memo if isinstance(memo, tuple) else ()


def _pieces(pairs: Pairs | None) -> tuple[Piece, ...]:
    if pairs is None or pairs.tokens or pairs.numbers is None or len(pairs) < 40 or pairs.x.ndim > 3:
        return ()
    x = pairs.numbers
    samples, length, _ = x.shape
    width = 2 if x.shape[2] > 1 else 3
    if length < width + 1:
        return ()
    parent, offset = list(range(samples)), [0] * samples
    seen: dict[bytes, tuple[int, int]] = {}
    against = agreed = 0

    def root(i: int) -> tuple[int, int]:
        """(root, offset of i's start from the root's)."""
        way, total = [], 0
        while parent[i] != i:
            way.append(i)
            i = parent[i]
        for j in reversed(way):
            total += offset[j]
            parent[j], offset[j] = i, total
        return i, total

    for i in range(samples):
        for t in range(length - width + 1):
            rows = x[i, t : t + width]
            if not rows.std():
                continue
            j, s = seen.setdefault(np.ascontiguousarray(rows).tobytes(), (i, t))
            if j == i:
                against += s != t
                continue
            (ri, oi), (rj, oj) = root(i), root(j)
            apart = oj + s - t - oi
            if ri == rj:
                agreed += apart == 0
                against += apart != 0
            else:
                parent[ri], offset[ri] = rj, apart
    if against > 0.02 * (agreed + against + 1):
        return ()
    places: dict[int, Piece] = {}
    for i in range(samples):
        r, o = root(i)
        places.setdefault(r, []).append((i, o))
    return tuple(places.values())


def _noted(signs: Signs) -> tuple[Piece, ...]:
    """Where windows were cut from a file, the row at which each begins is known; those with a gap between them stand apart."""
    data, pairs = signs.data, pairs_of(signs)
    starts = signs.trace.array(data.starts) if data is not None and data.starts is not None else None
    size = max((len(x) for x in signs.fed.inputs), default=0)
    if data is None or starts is None or pairs is None or not size:
        return ()
    at = starts[pairs.order[:, 0] * size + pairs.order[:, 1]]
    edges = np.flatnonzero(np.diff(at) > data.window) + 1
    return tuple([(int(i), int(at[i])) for i in part] for part in np.split(np.arange(len(at)), edges))


def _recorded(pairs: Pairs | None, found: tuple[Piece, ...]) -> Recorded | None:
    best = max(found, key=len, default=[])
    if len(best) < 40 or pairs is None or pairs.numbers is None:
        return None
    x = pairs.numbers
    samples, length, _ = x.shape
    sample, start = np.array([i for i, _ in best]), np.array([o for _, o in best])
    start = start - start.min()
    if start.max() > 50 * samples:
        return None
    series = np.full((int(start.max()) + length, x.shape[2]), np.nan)
    for i, o in zip(sample, start, strict=True):
        series[o : o + length] = x[i]
    by_time = np.argsort(start, kind="stable")
    return Recorded(series, sample[by_time], start[by_time], length)
