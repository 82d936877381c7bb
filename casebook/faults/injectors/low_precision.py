"""Half precision where float32 is wanted."""

from __future__ import annotations

from collections.abc import Iterator

from base import Base, Copy
from fault import Fault


def faults(base: Base) -> Iterator[Fault]:
    for dtype in ("float16", "bfloat16"):

        def put(copy: Copy, dtype: str = dtype) -> None:
            copy.set("dtype", dtype)

        yield Fault(f"dtype-{dtype}", ("low-precision-underflow", "low-precision-overflow"), put)
