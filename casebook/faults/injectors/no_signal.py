"""Inputs that say nothing of the targets."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from base import Base, Copy, NotHere
from fault import Fault


def faults(base: Base) -> Iterator[Fault]:
    def noise(copy: Copy) -> None:
        for number, role in enumerate(("x", "x_test")):
            x = copy.array(role)
            if x.dtype.kind != "f":
                raise NotHere("tokens")
            rng = np.random.default_rng(number)
            copy.put(role, (x.mean() + x.std() * rng.standard_normal(x.shape)).astype("float32"))

    yield Fault("noise-for-inputs", ("no-signal", "inputs-targets-misaligned"), noise, lost=True)

    def other(copy: Copy) -> None:
        if base.of_classes:
            raise NotHere("classes")
        for number, role in enumerate(("y", "y_test")):
            y = copy.array(role).astype("float32")
            rng = np.random.default_rng(number)
            copy.put(role, (y.mean() + y.std() * rng.standard_normal(y.shape)).astype("float32"))

    yield Fault("noise-for-targets", ("no-signal", "inputs-targets-misaligned"), other, lost=True)

    def walk(copy: Copy) -> None:
        series = copy.array("series")
        rng = np.random.default_rng(2)
        copy.put("series", (series.mean() + series.std() * rng.standard_normal(series.shape)).astype("float32"))

    yield Fault("a-series-of-noise", ("no-signal",), walk, lost=True)
