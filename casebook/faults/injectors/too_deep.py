"""Layers stacked upon layers."""

from __future__ import annotations

from collections.abc import Iterator

from base import Base, Copy
from fault import Fault


def faults(base: Base) -> Iterator[Fault]:
    for layers in (5, 8):

        def put(copy: Copy, layers: int = layers) -> None:
            copy.set("layers", layers)

        yield Fault(f"layers-{layers}", ("too-deep", "vanishing-gradients"), put)
