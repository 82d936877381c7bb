"""Held-back data scaled in another way."""

from __future__ import annotations

from collections.abc import Iterator

from base import Base, Copy, NotHere
from fault import Fault


def faults(base: Base) -> Iterator[Fault]:
    if base.scales_inputs:
        return
    for factor, offset in ((0.2, 0.0), (1.0, 4.0), (30.0, 0.0)):

        def put(copy: Copy, factor: float = factor, offset: float = offset) -> None:
            x = copy.array("x_test")
            if x.dtype.kind != "f":
                raise NotHere("tokens")
            copy.put("x_test", (x * factor + offset * x.std()).astype("float32"))

        yield Fault(f"held-back-times-{factor:g}-plus-{offset:g}", ("scaler-mismatch",), put)
