"""A decay of the rate that is over before the run is."""

from __future__ import annotations

from collections.abc import Iterator

from base import Base, Copy
from fault import Fault


def faults(base: Base) -> Iterator[Fault]:
    for gamma in (0.3, 0.6):

        def put(copy: Copy, gamma: float = gamma) -> None:
            copy.set("gamma", gamma)

        yield Fault(f"gamma-{gamma:g}", ("scheduler-kills-lr",), put)
