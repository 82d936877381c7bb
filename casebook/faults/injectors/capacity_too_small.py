"""One hidden unit."""

from __future__ import annotations

from collections.abc import Iterator

from base import Base, Copy
from fault import Fault


def faults(base: Base) -> Iterator[Fault]:
    for width in (1, 2):

        def put(copy: Copy, width: int = width) -> None:
            copy.set("hidden", width)

        yield Fault(f"hidden-{width}", ("capacity-too-small",), put)
