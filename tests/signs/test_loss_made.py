"""The loss as a curve: skill, trend and noise, on curves whose answer is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from made import signs_of, targets

from lossdoctor.trace.events import WeightsLoaded

NOISE = np.random.default_rng(0)


@pytest.mark.parametrize(("level", "skill"), [(1.0, 0.0), (0.25, 0.75), (0.0, 1.0), (3.0, -2.0)])
def test_skill_is_the_share_of_the_constants_loss_that_is_gone(level: float, skill: float) -> None:
    loss = signs_of(np.full(60, level), targets()).loss
    assert loss.constant is not None and loss.constant.loss == pytest.approx(1.0)
    assert loss.skill == pytest.approx(skill)
    assert not loss.relative


def test_without_a_known_constant_the_start_is_the_ruler() -> None:
    loss = signs_of(np.linspace(8.0, 2.0, 60), fn="ctc_loss").loss
    assert loss.relative and loss.constant is None
    assert loss.skill == pytest.approx(1 - loss.end / 8.0, abs=0.02)


def test_a_loss_that_is_no_number_has_no_skill() -> None:
    values = np.linspace(1.0, 0.5, 60)
    values[40:] = np.nan
    loss = signs_of(values, targets()).loss
    assert loss.first_bad == 40 and loss.skill is None
    assert len(loss.finite) == 40 and math.isfinite(loss.end)


def test_weights_that_were_put_back_are_judged_by_what_came_after() -> None:
    held = [(30, 0.5), (59, 3.0), (59, 0.4)]
    run = np.full(60, 0.1)
    mixed, put_back = (signs_of(run, targets(), held=held, more=more).loss for more in ([], [WeightsLoaded(60, seconds=0.5915)]))
    assert mixed.held_skill == pytest.approx(1 - 1.7) and put_back.held_skill == pytest.approx(0.6)


def test_still_falling() -> None:
    steps = np.arange(200)
    falling = signs_of(1 - steps / 400 + 0.01 * NOISE.normal(size=200), targets()).loss
    gain, z = falling.still_falling
    assert gain == pytest.approx(0.1, abs=0.03), "a fifth of the run at 1/400 of a skill a step"
    assert z < -2
    done = signs_of(np.exp(-steps / 10) + 0.05 + 0.01 * NOISE.normal(size=200), targets()).loss
    gain, z = done.still_falling
    assert abs(gain) < 0.02 and abs(z) < 3


def test_a_rising_loss_gains_a_negative_skill() -> None:
    gain, z = signs_of(np.linspace(0.5, 1.0, 200), targets()).loss.still_falling
    assert gain < -0.05 and z > 2


def test_noise_is_told_in_skill() -> None:
    quiet = signs_of(np.full(300, 0.5) + 0.001 * NOISE.normal(size=300), targets()).loss.noise
    loud = signs_of(np.full(300, 0.5) + 0.1 * NOISE.normal(size=300), targets()).loss.noise
    assert quiet < 0.002 and loud == pytest.approx(0.07, rel=0.2), "the median deviation of a Gaussian is 0.67 of its own"


def test_the_step_at_which_a_skill_was_reached() -> None:
    loss = signs_of(np.linspace(1.0, 0.0, 101), targets()).loss
    assert loss.reached(2.0) is None
    half = loss.reached(0.5)
    assert half is not None and 50 <= half <= 50 + loss.window


def test_held_back_skill_is_that_of_the_last_evaluation() -> None:
    loss = signs_of(np.full(100, 0.1), targets(), held=[(40, 0.9), (90, 0.3), (90, 0.5)]).loss
    assert loss.held_skill == pytest.approx(0.6)


def test_the_smallest_floor_counts() -> None:
    """Smoothed labels: a perfect prediction costs the entropy of its target, and has skill 1."""
    ids = np.random.default_rng(0).integers(0, 4, (40, 32))
    pairs = [(None, row, np.zeros((32, 4))) for row in ids]
    floor = -(0.925 * math.log(0.925) + 3 * 0.025 * math.log(0.025))
    signs = signs_of(np.full(60, floor), pairs, fn="cross_entropy", term={"label_smoothing": 0.1})
    assert signs.loss.skill == pytest.approx(1.0, abs=1e-6)
    chance = signs_of(np.full(60, math.log(4)), pairs, fn="cross_entropy", term={"label_smoothing": 0.1})
    assert chance.loss.skill == pytest.approx(0.0, abs=0.01)
