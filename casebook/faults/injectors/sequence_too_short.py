"""A window that ends before the dependency begins."""

from __future__ import annotations

from collections.abc import Iterator

from base import Base, Copy, NotHere
from fault import Fault


def faults(base: Base) -> Iterator[Fault]:
    for window in (2, 4):

        def put(copy: Copy, window: int = window) -> None:
            copy.set("window", window)

        yield Fault(f"window-{window}", ("sequence-too-short",), put)

    for kept in (1, 3):

        def cut(copy: Copy, kept: int = kept) -> None:
            x, test = copy.array("x"), copy.array("x_test")
            if base.arrays.get("lengths") or x.shape[1] <= 2 * kept:
                raise NotHere("windows of their own lengths")
            copy.put("x", x[:, -kept:])
            copy.put("x_test", test[:, -kept:])

        yield Fault(f"last-{kept}-steps", ("sequence-too-short", "no-signal"), cut, lost=True)
