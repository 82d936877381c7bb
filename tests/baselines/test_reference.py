"""Ridge on the captured pairs: it finds what is linear in the window, and claims nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from lossdoctor.baselines.learner import reference

RNG = np.random.default_rng


def windows(samples: int = 400, steps: int = 8, seed: int = 0) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return RNG(seed).normal(size=(samples, steps, 2))


def test_a_linear_target_is_explained() -> None:
    x = windows()
    y = x[:, 2, 0] - 2 * x[:, 5, 1]
    found = reference([(x[:200], y[:200]), (x[200:], y[200:])], False)
    assert found is not None and found.samples == 400 and found.features == 16
    assert found.skill > 0.98


@pytest.mark.parametrize("noise", [0.5, 1.0, 2.0])
def test_noise_takes_its_share(noise: float) -> None:
    x = windows(2000)
    y = x[:, 2, 0] + noise * RNG(1).normal(size=2000)
    found = reference([(x, y)], False)
    assert found is not None and found.skill == pytest.approx(1 / (1 + noise**2), abs=0.06)


def test_noise_alone_is_not_explained() -> None:
    """Cross-validated: with nearly as many features as samples a fit would look perfect."""
    x = windows(80, 30)
    found = reference([(x, RNG(1).normal(size=80))], False)
    assert found is not None and found.skill < 0.1


def test_what_is_not_linear_is_not_found() -> None:
    x = windows()
    found = reference([(x, np.sign(x[:, 0, 0]) * np.sign(x[:, 1, 0]))], False)
    assert found is not None and found.skill < 0.1


def test_targets_of_every_step_are_not_told_from_later_steps() -> None:
    """Each step's target is the next step's input: in the window of all but the last."""
    series = RNG(0).normal(size=(400, 9, 1))
    found = reference([(series[:, :-1], series[:, 1:, 0])], False)
    assert found is not None and found.skill < 0.1


def test_raw_units_do_no_harm() -> None:
    x = windows() * np.array([1e4, 1e-4]) + np.array([1e6, 0.0])
    found = reference([(x, x[:, 3, 0] / 1e4 + x[:, 3, 1] * 1e4)], False)
    assert found is not None and found.skill > 0.95


def test_classes_are_told_apart() -> None:
    ids = RNG(0).integers(0, 3, 300)
    x = windows(300) + 3 * np.eye(3)[ids][:, None, :2]
    found = reference([(x, ids)], True)
    assert found is not None and found.skill > 0.7


def test_tokens_by_how_often_they_come() -> None:
    tokens = RNG(0).integers(0, 12, (300, 10))
    found = reference([(tokens, (tokens == 3).sum(1).astype(float))], False)
    assert found is not None and found.skill > 0.95


def test_time_before_batch() -> None:
    x = windows()
    found = reference([(np.swapaxes(x, 0, 1), x[:, 1, 0])], False)
    assert found is not None and found.skill > 0.95


def test_too_little_says_nothing() -> None:
    x = windows(40)
    assert reference([(x, x[:, 0, 0])], False) is None
    assert reference([], False) is None
    assert reference([(None, np.zeros(100)), (windows(100), None)], False) is None
    assert reference([(windows(100), np.zeros(77))], False) is None
