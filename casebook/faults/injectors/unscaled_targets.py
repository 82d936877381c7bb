"""Targets as they were measured."""

from __future__ import annotations

from collections.abc import Iterator

from base import Base, Copy, NotHere
from fault import Fault


def faults(base: Base) -> Iterator[Fault]:
    if base.scales_targets or base.of_classes:
        return
    for name, factor, offset in (("thousands", 500.0, 4000.0), ("offset", 1.0, 250.0), ("tiny", 1e-4, 0.0)):

        def put(copy: Copy, factor: float = factor, offset: float = offset) -> None:
            for role in ("y", "y_test"):
                copy.put(role, (copy.array(role).astype("float64") * factor + offset).astype("float32"))

        yield Fault(f"targets-{name}", ("unscaled-targets",), put)

        def series(copy: Copy, factor: float = factor, offset: float = offset) -> None:
            if base.scales_inputs:
                raise NotHere("the series is scaled in the script")
            copy.put("series", (copy.array("series").astype("float64") * factor + offset).astype("float32"))

        yield Fault(f"series-{name}", ("unscaled-targets", "unscaled-inputs"), series)
