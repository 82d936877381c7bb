"""Samples that come again in another epoch count once."""

from __future__ import annotations

import numpy as np

from lossdoctor.signs.fed import Batch, FedSign


def fed(*batches: tuple[np.ndarray, np.ndarray]) -> FedSign:
    return FedSign(tuple(Batch(n, n, x, y, None) for n, (x, y) in enumerate(batches)), (), None)


def test_each_sample_at_its_first_sight() -> None:
    x, y = np.random.default_rng(0).normal(size=(30, 5, 2)).astype("float32"), np.arange(30.0)
    order = np.random.default_rng(1).permutation(30)
    once = fed((x[:20], y[:20]), (x[10:], y[10:]), (x[order], y[order])).once
    assert [len(part) for part, _ in once] == [20, 10]
    assert np.array_equal(np.concatenate([part for _, part in once]), y)


def test_time_first_inputs_are_turned() -> None:
    x, y = np.random.default_rng(0).normal(size=(5, 12, 2)).astype("float32"), np.arange(12.0)
    ((turned, targets),) = fed((x, y), (x, y)).once
    assert turned.shape == (12, 5, 2) and np.array_equal(targets, y)
