"""Sequences of several lengths: what the place in a sequence tells, permuted targets tell too."""

from __future__ import annotations

import numpy as np

from lossdoctor.baselines.dependence import MAX_ROWS, Dependence, dependence


def sentences(told: float, count: int = 300) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(features, targets, groups): sequences of 3 to 18 rows whose targets hang on the place, and by `told` on the features."""
    rng = np.random.default_rng(5)
    sizes = rng.integers(3, 19, count)
    groups = np.repeat(np.arange(count), sizes)
    place = np.concatenate([np.arange(size) for size in sizes])
    features = np.concatenate([np.eye(20)[place], rng.normal(size=(len(groups), 6))], axis=1)
    y = 0.5 * np.sin(place) + told * features[:, -1] + rng.normal(size=len(groups))
    return features, y[:, None], groups


def seen(told: float, count: int = 300) -> Dependence:
    found = dependence(*sentences(told, count), "ridge")
    assert found is not None
    return found


def test_what_the_place_alone_tells_is_no_signal() -> None:
    found = seen(0.0)
    assert len(sentences(0.0)[0]) > MAX_ROWS
    assert found.skill > 0.02 and not found.found


def test_what_the_features_tell_is_found_beside_the_place() -> None:
    assert seen(1.0).found


def test_few_short_sequences_are_judged_alike() -> None:
    assert not seen(0.0, 60).found and seen(1.0, 60).found


def test_sequences_longer_than_the_rows_that_are_kept() -> None:
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(41), 300)
    x = rng.normal(size=(len(groups), 3))
    noise, told = rng.normal(size=(len(groups), 1)), x[:, :1] + rng.normal(size=(len(groups), 1))
    nothing, something = dependence(x, noise, groups, "ridge"), dependence(x, told, groups, "ridge")
    assert nothing is not None and something is not None
    assert not nothing.found and something.found and something.samples == 41
