"""Windows that end in hundreds of equal steps: what tells the target stands before them, and is found."""

from __future__ import annotations

import numpy as np

from lossdoctor.baselines.dependence import window_features
from lossdoctor.baselines.learner import MAX_FEATURES, reference


def padded() -> tuple[np.ndarray, np.ndarray]:  # type: ignore[type-arg]
    made = np.random.default_rng(3)
    x = made.normal(size=(300, 10, 3))
    y = x[:, :, 0].sum(axis=1, keepdims=True)
    return np.pad(x, [(0, 0), (0, MAX_FEATURES), (0, 0)]), y


def test_the_reference_looks_before_the_padding() -> None:
    x, y = padded()
    found = reference([(x, y)], False)
    assert found is not None and found.skill > 0.9 and found.features == 30


def test_features_of_a_window_leave_out_what_is_constant() -> None:
    x, _ = padded()
    assert window_features(x).shape[1] == 30


def test_a_window_that_is_all_constant_tells_nothing() -> None:
    x = np.ones((300, 200, 3))
    found = reference([(x, np.random.default_rng(4).normal(size=(300, 1)))], False)
    assert found is not None and abs(found.skill) < 0.05
