"""One sample a batch."""

from __future__ import annotations

from collections.abc import Iterator

from base import Base, Copy
from fault import Fault


def faults(base: Base) -> Iterator[Fault]:
    def put(copy: Copy) -> None:
        copy.set("batch", 1)

    yield Fault("batch-1", ("batch-too-small", "lr-too-high", "optimizer-unsuited"), put)
