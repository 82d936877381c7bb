"""The whole set as one batch: too few updates."""

from __future__ import annotations

from collections.abc import Iterator

from base import Base, Copy
from fault import Fault


def faults(base: Base) -> Iterator[Fault]:
    for size in (100_000, 512):

        def put(copy: Copy, size: int = size) -> None:
            copy.set("batch", size)

        yield Fault(f"batch-{size}", ("batch-too-large", "too-few-epochs", "lr-too-low"), put)
