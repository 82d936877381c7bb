"""A rate that is too low."""

from __future__ import annotations

from collections.abc import Iterator

from base import Base, Copy
from fault import Fault


def faults(base: Base) -> Iterator[Fault]:
    for factor in (100, 1000, 30):

        def put(copy: Copy, factor: float = factor) -> None:
            copy.scale("lr", 1 / factor)

        yield Fault(f"rate-over-{factor}", ("lr-too-low", "too-few-epochs"), put)
