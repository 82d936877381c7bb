"""Most tokens become one unknown."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from base import Base, Copy
from fault import Fault


def faults(base: Base) -> Iterator[Fault]:
    for kept in (2, 4):

        def put(copy: Copy, kept: int = kept) -> None:
            often = None
            for role in ("tokens", "tokens_test"):
                x = copy.array(role)
                if often is None:
                    ids, counts = np.unique(x[x > 0], return_counts=True)
                    often = ids[np.argsort(-counts)][:kept]
                known = np.isin(x, often) | (x == 0)
                copy.put(role, np.where(known, x, 1).astype(x.dtype))

        yield Fault(f"known-{kept}", ("vocabulary-too-small",), put, lost=True)
