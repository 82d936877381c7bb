"""Time constant, growth and horizon of profiles that are known."""

from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lossdoctor.replay.profile import backwards, describe, growth, horizon, slope, time_constant


def decaying(factor: float, steps: int, offset: float = 0.0) -> np.ndarray:
    return offset + np.arange(steps - 1, -1, -1) * math.log10(factor)


@given(st.floats(0.05, 0.999), st.integers(10, 600), st.floats(-40, 10))
def test_a_geometric_decay(factor: float, steps: int, offset: float) -> None:
    profile = decaying(factor, steps, offset)
    assert time_constant(profile) == pytest.approx(-1 / math.log(factor), rel=1e-6)
    assert growth(profile) == pytest.approx(factor, rel=1e-6)
    below = [k for k in range(steps) if k * math.log10(factor) < -3 - 1e-12]
    assert horizon(profile) == (below[0] if below else math.inf)


@given(st.floats(1.0, 3.0), st.integers(3, 300))
def test_growth_has_no_time_constant_and_no_horizon(factor: float, steps: int) -> None:
    profile = decaying(factor, steps)
    assert time_constant(profile) == math.inf and horizon(profile) == math.inf
    assert growth(profile) == pytest.approx(factor, rel=1e-6)


def test_outliers_and_a_floor_do_not_move_it() -> None:
    profile = np.maximum(decaying(0.7, 400), -20.0)
    profile[::17] += 0.5
    assert time_constant(profile) == pytest.approx(-1 / math.log(0.7), rel=0.05)


def test_steps_after_the_loss_count_for_nothing() -> None:
    profile = np.concatenate([decaying(0.5, 30), np.full(20, -np.inf)])
    assert backwards(profile).size == 30
    assert horizon(profile) == horizon(decaying(0.5, 30)) == 10
    assert time_constant(profile) == pytest.approx(1 / math.log(2), rel=1e-6)


def test_entry_says_where_to_start() -> None:
    profile = np.concatenate([decaying(0.5, 30), np.zeros(20)])
    assert math.isinf(horizon(profile[30:]))
    assert horizon(profile, entry=29) == horizon(profile, entry=-21) == 10
    assert horizon(profile, threshold=1e-1, entry=29) == 4


def test_a_peak_before_the_decay_is_what_the_horizon_is_measured_by() -> None:
    back = np.concatenate([np.linspace(0, 2, 5), 2 - 0.5 * np.arange(1, 20)])
    assert horizon(back[::-1]) == 4 + 7
    assert time_constant(back[::-1]) == pytest.approx(1 / (0.5 * math.log(10)))


def test_no_gradient_and_too_few_steps_are_not_numbers() -> None:
    nothing = np.full(5, -np.inf)
    assert math.isnan(horizon(nothing)) and math.isnan(growth(nothing)) and math.isnan(time_constant(nothing))
    assert describe(nothing).steps == 0 and math.isnan(describe(nothing).range)
    assert math.isnan(time_constant(np.array([0.0, 1.0])))
    assert math.isnan(slope(np.array([1.0])))


def test_an_exact_zero_ends_the_memory() -> None:
    profile = np.array([-np.inf, -np.inf, -0.2, -0.1, 0.0])
    told = describe(profile)
    assert told.horizon == 3 and told.range == -math.inf and told.steps == 5


def test_an_overflow_keeps_the_finite_part() -> None:
    profile = np.concatenate([[np.nan, np.inf], decaying(2.0, 50)])
    assert growth(profile) == pytest.approx(2.0)
    assert horizon(profile) == math.inf and time_constant(profile) == math.inf


def test_profiles_are_read_without_torch() -> None:
    code = "import sys, lossdoctor.replay.profile, lossdoctor.replay.result; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
