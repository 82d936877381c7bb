"""Pairs that do not belong together."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from base import Base, Copy, NotHere
from fault import Fault


def faults(base: Base) -> Iterator[Fault]:
    def shuffled(copy: Copy) -> None:
        y = copy.array("y")
        copy.put("y", y[np.random.default_rng(3).permutation(len(y))])

    yield Fault("targets-shuffled-apart", ("inputs-targets-misaligned", "no-signal"), shuffled, lost=True)

    def everywhere(copy: Copy) -> None:
        for number, role in enumerate(("y", "y_test")):
            y = copy.array(role)
            copy.put(role, y[np.random.default_rng(number).permutation(len(y))])

    yield Fault("all-targets-shuffled-apart", ("inputs-targets-misaligned", "no-signal"), everywhere, lost=True)

    for rows in (3, 40):

        def shifted(copy: Copy, rows: int = rows) -> None:
            for role in ("y", "y_test"):
                copy.put(role, np.roll(copy.array(role), rows, axis=0))

        # So late that what tells a target lies before its window: that may be said as well.
        also = ("sequence-too-short",) if rows == 40 else ()
        yield Fault(f"targets-{rows}-rows-late", ("inputs-targets-misaligned", "no-signal", *also), shifted)

    def in_order(copy: Copy) -> None:
        y = copy.array("y")
        if y.ndim > 1 and y.shape[1] > 1:
            raise NotHere("targets that have no order")
        copy.put("y", y[np.argsort(y.reshape(len(y)), kind="stable")])

    yield Fault("targets-sorted-apart", ("inputs-targets-misaligned", "no-signal"), in_order, lost=True)
