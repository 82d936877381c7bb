"""Sequences padded to many times their length."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from base import Base, Copy, NotHere
from fault import Fault


def faults(base: Base) -> Iterator[Fault]:
    for times in (6, 15):

        def put(copy: Copy, times: int = times) -> None:
            if copy.has("lengths"):
                raise NotHere("lengths are known")
            for role, test in (("x", "x_test"), ("tokens", "tokens_test")):
                if copy.has(role) and base.task in ("classification", "regression"):
                    for one in (role, test):
                        x = copy.array(one)
                        pad = [(0, 0)] * x.ndim
                        pad[1] = (0, min(300, times * x.shape[1]))
                        copy.put(one, np.pad(x, pad))
                    return
            raise NotHere("no padded sequences")

        yield Fault(f"padded-{times}-fold", ("padding-dominates", "vanishing-gradients", "wrong-timestep", "sequence-too-long"), put)

    def lost(copy: Copy) -> None:
        for role, test in (("lengths", "x"), ("lengths_test", "x_test")):
            n = copy.array(role)
            data = test if copy.has(test) else test.replace("x", "tokens", 1)
            copy.put(role, np.full_like(n, copy.array(data).shape[1]))

    yield Fault("lengths-lost", ("padding-dominates", "wrong-timestep"), lost)
