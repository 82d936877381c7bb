"""A decay that pulls harder than the gradient."""

from __future__ import annotations

from collections.abc import Iterator

from base import Base, Copy
from fault import Fault


def faults(base: Base) -> Iterator[Fault]:
    for decay in (0.3, 0.03, 3.0):

        def put(copy: Copy, decay: float = decay) -> None:
            copy.set("weight_decay", decay)

        yield Fault(f"decay-{decay:g}", ("weight-decay-too-high",), put)
