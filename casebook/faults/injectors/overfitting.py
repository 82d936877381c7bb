"""Next to nothing to learn from."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from base import Base, Copy
from fault import Fault


def faults(base: Base) -> Iterator[Fault]:
    for rows in (12, 24):

        def put(copy: Copy, rows: int = rows) -> None:
            chosen = np.random.default_rng(4).permutation(len(copy.array("y")))[:rows]
            for role in ("x", "tokens", "lengths", "y"):
                if copy.has(role):
                    copy.put(role, copy.array(role)[chosen])
            if "epochs" in base.roles:
                copy.set("epochs", min(int(copy.get("epochs")) * 8, 400))

        yield Fault(f"{rows}-rows", ("overfitting",), put, lost=True)
