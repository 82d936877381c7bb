"""Dropout that leaves next to nothing."""

from __future__ import annotations

from collections.abc import Iterator

from base import Base, Copy
from fault import Fault


def faults(base: Base) -> Iterator[Fault]:
    for share in (0.9, 0.97):

        def put(copy: Copy, share: float = share) -> None:
            copy.set("dropout", share)

        yield Fault(f"dropout-{share:g}", ("dropout-too-high",), put)
