"""A class of which next to nothing is left."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from base import Base, Copy, NotHere
from fault import Fault


def faults(base: Base) -> Iterator[Fault]:
    for kept in (0.03, 0.08):

        def put(copy: Copy, kept: float = kept) -> None:
            if not base.of_classes:
                raise NotHere("no classes")
            y = copy.array("y")
            if (y.ndim > 1 and y.shape[1] > 1) or base.arrays.get("lengths") is not None:
                raise NotHere("not one class a sample")
            ids = y.reshape(len(y)).astype(int)
            often = int(np.bincount(ids).argmax())
            rare = np.flatnonzero(ids != often)
            few = np.random.default_rng(1).choice(rare, max(4, int(kept * len(rare))), replace=False)
            rows = np.sort(np.concatenate([np.flatnonzero(ids == often), few]))
            copy.put("y", y[rows])
            role = "x" if copy.has("x") else "tokens"
            copy.put(role, copy.array(role)[rows])

        yield Fault(f"others-{int(100 * kept)}-percent", ("class-imbalance",), put)

    def unweighted(copy: Copy) -> None:
        copy.set("class_weights", False)

    yield Fault("no-class-weights", ("class-imbalance",), unweighted)
