"""Fewer points, the same picture: of each stretch the lowest and the highest stay."""

from __future__ import annotations

import math
from collections.abc import Sequence

__all__ = ["Points", "block_means", "thinned"]

Points = list[tuple[float, float | None]]


def thinned(x: Sequence[float], y: Sequence[float | None], most: int) -> Points:
    """At most about `most` of the points (x, y), in order. In each of `most / 2` stretches the minimum
    and the maximum are kept, so that no spike is lost; a stretch of gaps alone stays a gap."""
    points: Points = [
        (float(a), None if b is None or not math.isfinite(b) else float(b))
        for a, b in zip(x, y, strict=False)
        if math.isfinite(a)
    ]
    if len(points) <= most:
        return points
    stretches = max(1, most // 2)
    out: Points = []
    for k in range(stretches):
        part = points[k * len(points) // stretches : (k + 1) * len(points) // stretches]
        real = [(b, at) for at, (_, b) in enumerate(part) if b is not None]
        if not real:
            out.append((part[0][0], None))
            continue
        for at in sorted({min(real)[1], max(real)[1]}):
            out.append(part[at])
    return out


def block_means(
    values: Sequence[Sequence[float | None]], rows: int, columns: int
) -> tuple[list[list[float | None]], list[int], list[int]]:
    """A matrix (R, C) as one of at most (rows, columns), each cell the mean of what was measured in its
    block; with the first row and first column of each block."""
    high = len(values)
    wide = max((len(row) for row in values), default=0)
    tall, broad = min(rows, high), min(columns, wide)
    tops = [k * high // tall for k in range(tall)]
    lefts = [k * wide // broad for k in range(broad)]
    out: list[list[float | None]] = []
    for r, top in enumerate(tops):
        bottom = tops[r + 1] if r + 1 < tall else high
        line: list[float | None] = []
        for c, left in enumerate(lefts):
            right = lefts[c + 1] if c + 1 < broad else wide
            cells = [v for row in values[top:bottom] for v in row[left:right]]
            real = [v for v in cells if v is not None and math.isfinite(v)]
            line.append(sum(real) / len(real) if real else None)
        out.append(line)
    return out, tops, lefts
