"""Where ordinary values end, and which lie beyond."""

from __future__ import annotations

import numpy as np
import pytest

from lossdoctor.signs.tails import tails


def test_extremes_are_held_where_the_others_end() -> None:
    waves = np.sin(np.linspace(0, 60, 1000))
    waves[::60] = 40.0
    found = tails(waves)
    assert found is not None and found.heavy
    assert (found.low, found.high) == (pytest.approx(-1, abs=0.01), pytest.approx(1, abs=0.01))
    assert found.std < 0.8


def test_a_bell_keeps_its_own_tails() -> None:
    bell = np.random.default_rng(0).normal(size=4000)
    found = tails(bell)
    assert found is not None and not found.heavy
    assert (found.low, found.high) == (bell.min(), bell.max())
