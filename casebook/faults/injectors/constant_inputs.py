"""A preprocessing that left the inputs saying nothing."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from base import Base, Copy, NotHere
from fault import Fault


def faults(base: Base) -> Iterator[Fault]:
    def same(copy: Copy) -> None:
        for role in ("x", "x_test"):
            x = copy.array(role)
            copy.put(role, np.broadcast_to(x[:1], x.shape).copy())

    yield Fault("first-row-for-all", ("constant-inputs",), same, lost=True)

    def zero(copy: Copy) -> None:
        for role in ("x", "x_test"):
            copy.put(role, np.zeros_like(copy.array(role)))

    yield Fault("zeros", ("constant-inputs",), zero, lost=True)

    def truncated(copy: Copy) -> None:
        for role in ("x", "x_test"):
            x = copy.array(role)
            if x.dtype.kind != "f":
                raise NotHere("whole numbers already")
            copy.put(role, np.trunc(x / (4 * np.abs(x).max())).astype("float32"))

    yield Fault("truncated", ("constant-inputs",), truncated, lost=True)

    def tokens(copy: Copy) -> None:
        for role in ("tokens", "tokens_test"):
            array = copy.array(role)
            copy.put(role, np.where(array > 0, 1, array).astype(array.dtype))

    yield Fault("all-unknown", ("constant-inputs", "vocabulary-too-small"), tokens, lost=True)
