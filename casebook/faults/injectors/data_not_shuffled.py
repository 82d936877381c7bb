"""Sorted by target, and no longer shuffled."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from base import Base, Copy, NotHere
from fault import Fault


def faults(base: Base) -> Iterator[Fault]:
    def put(copy: Copy) -> None:
        copy.set("shuffle", False)
        y = copy.array("y")
        if y.ndim > 1 and y.shape[1] > 1:
            raise NotHere("targets that have no order")
        rows = np.argsort(y.reshape(len(y)), kind="stable")
        for role in ("x", "tokens", "lengths", "y"):
            if copy.has(role):
                copy.put(role, copy.array(role)[rows])

    yield Fault("sorted-file", ("data-not-shuffled",), put)
