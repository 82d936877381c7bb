"""Gaps in the file."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from base import Base, Copy, NotHere
from fault import Fault


def faults(base: Base) -> Iterator[Fault]:
    for name, value, share in (("gap", np.nan, 0.01), ("one", np.nan, 0.0), ("infinite", np.inf, 0.003)):
        for role in ("x", "series", "y"):

            def put(copy: Copy, role: str = role, value: float = value, share: float = share) -> None:
                array = copy.array(role)
                if array.dtype.kind != "f":
                    raise NotHere("whole numbers have no NaN")
                rng = np.random.default_rng(5)
                flat = array.astype("float32").reshape(-1)
                end = len(flat) if role != "series" else int(len(flat) * 0.6)
                flat[rng.choice(end, max(1, int(share * end)), replace=False)] = value
                copy.put(role, flat.reshape(array.shape))

            yield Fault(f"{name}-in-{role}", ("nan-in-data",), put)
