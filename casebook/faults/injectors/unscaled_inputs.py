"""Inputs as they were measured: large, far from zero, or tiny."""

from __future__ import annotations

from collections.abc import Iterator

from base import Base, Copy, NotHere
from fault import Fault


def faults(base: Base) -> Iterator[Fault]:
    if base.scales_inputs:
        return
    for name, factor, offset in (("thousands", 1000.0, 0.0), ("far-from-zero", 40.0, 900.0), ("millionths", 1e-5, 0.0), ("one-feature", 20000.0, 0.0)):

        def put(copy: Copy, name: str = name, factor: float = factor, offset: float = offset) -> None:
            for role in ("x", "x_test"):
                x = copy.array(role).astype("float32")
                if name == "one-feature":
                    if x.ndim < 3 or x.shape[2] < 2:
                        raise NotHere("one feature only")
                    x[..., -1] = x[..., -1] * factor + factor
                else:
                    x = x * factor + offset
                copy.put(role, x)

        yield Fault(f"inputs-{name}", ("unscaled-inputs",), put)
