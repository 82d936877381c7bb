"""A clip that sets the size of every step, under plain SGD."""

from __future__ import annotations

from collections.abc import Iterator

from base import Base, Copy, NotHere
from fault import Fault


def faults(base: Base) -> Iterator[Fault]:
    for limit in (1e-4, 1e-3):

        def put(copy: Copy, limit: float = limit) -> None:
            if "sgd" in str(copy.get("optimizer")).lower():
                copy.set("clip", limit)
                return
            raise NotHere("a clip does no harm under Adam")

        yield Fault(f"clip-{limit:g}", ("clip-too-tight",), put)
