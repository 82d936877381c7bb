"""A run that is stopped early."""

from __future__ import annotations

from collections.abc import Iterator

from base import Base, Copy
from fault import Fault


def faults(base: Base) -> Iterator[Fault]:
    for share in (0.1, 0.25):

        def put(copy: Copy, share: float = share) -> None:
            copy.set("epochs", max(1, round(int(copy.get("epochs")) * share)))

        yield Fault(f"epochs-{int(100 * share)}-percent", ("too-few-epochs", "lr-too-low"), put)
