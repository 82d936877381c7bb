"""Which rows of a long run are kept: both ends whole, the middle ever sparser.

Rows are thinned in *units*: rows that belong together (one step's) stay or go together. Units are numbered
from 0; at level L one unit of every 2**L is kept. Not each 2**L-th: what repeats with an even period (two
optimizers that take turns, a layer after the other) would lose one side for good. Which of two neighbours
stays is a coin toss fixed by their number, so each level keeps a part of what the level below kept, and
gaps stay under 2 * 2**L.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

ENDS = 500
SHRINK = 5 / 8


_COINS = bytes(byte & 1 for byte in hashlib.shake_128(b"lossdoctor").digest(4096))


def survives(unit: int, level: int) -> bool:
    """Whether the unit is the one of its 2**level that is kept."""
    for height in range(1, level + 1):
        pair = unit >> 1
        if _COINS[(pair + height * 1021) & 4095] != unit & 1:
            return False
        unit = pair
    return True


def kept_rows(units: Sequence[int], level: int, ends: int) -> list[int]:
    """Indices of the rows that stay: of the units in the first and last `ends` rows, and the survivors'.

    `units` holds each row's unit, in rising order.
    """
    if not units:
        return []
    ends = max(1, min(ends, len(units)))
    head, tail = units[ends - 1], units[-ends]
    return [
        index for index, unit in enumerate(units) if unit <= head or unit >= tail or survives(unit, level)
    ]


def thinned(units: Sequence[int], level: int, ends: int = ENDS) -> tuple[list[int], int]:
    """(indices of the rows that stay, the level reached): at most 5/8 of the rows where that can be done.

    The ends give way below 4000 rows, to an eighth of the rows each.
    """
    ends = min(ends, len(units) // 8)
    while True:
        kept = kept_rows(units, level, ends)
        if len(kept) <= SHRINK * len(units) or 1 << level > units[-1]:
            return kept, level
        level += 1
