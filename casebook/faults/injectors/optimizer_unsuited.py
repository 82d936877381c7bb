"""Plain SGD at a rate that was chosen for Adam."""

from __future__ import annotations

from collections.abc import Iterator

from base import Base, Copy
from fault import Fault


def faults(base: Base) -> Iterator[Fault]:
    def put(copy: Copy) -> None:
        copy.set("optimizer", "sgd")

    yield Fault("sgd-at-adams-rate", ("optimizer-unsuited", "lr-too-low"), put)

    def heavy(copy: Copy) -> None:
        copy.set("momentum", 0.999)

    yield Fault("momentum-0.999", ("optimizer-unsuited", "lr-too-high"), heavy)
