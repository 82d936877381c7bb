"""A rate that is too high, as one number of the settings."""

from __future__ import annotations

from collections.abc import Iterator

from base import Base, Copy
from fault import Fault


def faults(base: Base) -> Iterator[Fault]:
    for factor in (30, 100, 1000):

        def put(copy: Copy, factor: float = factor) -> None:
            copy.scale("lr", factor)

        yield Fault(f"rate-times-{factor}", ("lr-too-high",), put)
