"""Whether a run learns, told from its curve: the curves of healthy runs that a naive rule misreads stand beside the sick."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from made import signs_of, targets

from lossdoctor.diagnosis.verdict import verdict
from lossdoctor.signs.arms import ArmSign
from lossdoctor.trace.events import LossGraph

STEPS = np.arange(300)
NOISE = np.random.default_rng(0).normal(size=300)


def said(curve: np.ndarray, **more: object) -> str:  # type: ignore[type-arg]
    return verdict(signs_of(curve, targets(), **more))  # type: ignore[arg-type]


def test_a_curve_that_goes_on_falling_is_learning() -> None:
    assert said(1 - 0.6 * STEPS / 300 + 0.02 * NOISE) == "learning"


def test_a_curve_that_has_fallen_and_is_flat_is_converged() -> None:
    assert said(0.05 + 0.95 * np.exp(-STEPS / 20) + 0.005 * NOISE) == "converged"


def test_a_curve_at_the_constants_loss_is_stalled() -> None:
    assert said(1 + 0.05 * NOISE) == "stalled"


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_loss_that_is_no_number_is_diverged(bad: float) -> None:
    curve = np.linspace(1, 0.2, 300)
    curve[150:] = bad
    assert said(curve) == "diverged"


def test_a_loss_far_above_its_start_is_diverged() -> None:
    assert said(1.02**STEPS) == "diverged"


def test_a_loss_that_rose_and_is_still_below_its_start_is_not_diverged() -> None:
    curve = 40 * np.exp(-STEPS / 10) + 0.1 + 0.001 * STEPS
    assert said(curve) != "diverged"


def test_no_loss_at_all_is_never_started() -> None:
    assert verdict(signs_of([])) == "never-started"


def test_weights_that_never_change_never_started() -> None:
    assert said(1 + 0.05 * NOISE, changed=0.0) == "never-started"
    assert said(1 + 0.05 * NOISE, changed=1.0) == "stalled"


def test_a_loss_without_a_graph_never_started() -> None:
    loose = LossGraph(0, 0, 0, False)
    whole = LossGraph(0, 0, 0, True, (0,))
    assert said(1 + 0.05 * NOISE, more=[loose]) == "never-started"
    assert said(1 + 0.05 * NOISE, more=[loose, whole]) == "stalled"


def test_a_few_steps_say_nothing() -> None:
    assert said(np.linspace(1, 0.7, 12)) == "too-short"
    assert said(np.linspace(1, 0.9, 19)) == "too-short"


def test_a_few_steps_that_learn_well_say_enough() -> None:
    assert said(np.array([1.0, 0.3, 0.1] + [0.02] * 10)) in ("converged", "learning")


def test_the_noise_of_single_samples_is_no_divergence() -> None:
    """Batch size 1: each loss is a square of one error, up to ten times the mean, and the run has learned."""
    noise = np.random.default_rng(1).chisquare(1, size=600)
    curve = (0.1 + 0.9 * np.exp(-np.arange(600) / 40)) * noise
    assert curve[-300:].max() > 3 * curve[-300:].mean()
    assert said(curve) in ("converged", "learning")


def test_a_plateau_before_the_drop_is_no_fault_afterwards() -> None:
    drop = 1 / (1 + np.exp((STEPS - 200) / 8))
    assert said(0.02 + drop + 0.01 * NOISE) == "converged"
    late = 1 / (1 + np.exp((STEPS - 285) / 8))
    assert said(0.02 + late + 0.01 * NOISE) == "learning"


def test_flat_at_what_the_data_allow_is_done() -> None:
    """A simple learner finds no more in these inputs than the run does: nothing is left to learn."""
    made = np.random.default_rng(0)
    pairs = []
    for _ in range(20):
        x = made.normal(size=(32, 6, 1))
        pairs.append((x, 0.3 * x[:, 3] + made.normal(size=(32, 1)), None))
    curve = np.full(300, 1.0) + 0.02 * NOISE
    known = signs_of(curve, pairs)
    assert known.loss.skill is not None and 0.05 < known.loss.skill < 0.2
    assert verdict(known) == "converged"
    easy = [(x, 1.04 * x[:, 3], None) for x, _, _ in pairs]
    assert verdict(signs_of(curve, easy)) == "stalled", "the same loss where the data allow far more"


def test_a_run_that_an_arm_cures_is_not_done() -> None:
    signs = signs_of(0.7 + 0.02 * NOISE, targets())
    assert verdict(signs) == "converged"
    arm = ArmSign("a", "lower-lr", {}, "", True, "", 300, 1.0, None, 0.95, 0.3)
    assert verdict(dataclasses.replace(signs, arms=(arm,), _memo={})) == "stalled"


def test_without_a_known_constant_the_start_is_all_there_is() -> None:
    assert verdict(signs_of(5 * np.exp(-STEPS / 300), fn="ctc_loss")) == "learning"
    assert verdict(signs_of(5 + 0.01 * NOISE, fn="ctc_loss")) == "stalled"
    assert verdict(signs_of(-1 - 2 * (1 - np.exp(-STEPS / 20)), fn="ctc_loss")) == "converged", "a log density falls below 0"
