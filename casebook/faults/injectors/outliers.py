"""A few glitches of a sensor."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from base import Base, Copy, NotHere
from fault import Fault


def faults(base: Base) -> Iterator[Fault]:
    for name, share, size in (("few-huge", 0.002, 3000.0), ("some", 0.02, 200.0)):
        for role in ("x", "series", "y"):

            def put(copy: Copy, role: str = role, share: float = share, size: float = size) -> None:
                array = copy.array(role)
                if array.dtype.kind != "f":
                    raise NotHere("whole numbers")
                rng = np.random.default_rng(11)
                flat = array.astype("float32").reshape(-1)
                end = len(flat) if role != "series" else int(len(flat) * 0.6)
                at = rng.choice(end, max(2, int(share * end)), replace=False)
                flat[at] += np.float32(size * array.std()) * rng.choice([-1.0, 1.0], len(at)).astype("float32")
                copy.put(role, flat.reshape(array.shape))

            yield Fault(f"glitches-{name}-in-{role}", ("outliers", "unscaled-inputs", "unscaled-targets") if role == "series" else ("outliers",), put)
