"""Signs other than the loss, on numbers whose answer is known."""

from __future__ import annotations

import math
from collections.abc import Set as AbstractSet

import numpy as np
import pytest
from made import replay, signs_of, targets

from lossdoctor.signs.layout import time_axis_by_shift
from lossdoctor.signs.memory import needed_lag
from lossdoctor.signs.series import smooth, trend
from lossdoctor.signs.standing import gradient_grows, inputs_off_scale, targets_off_scale
from lossdoctor.signs.wiring import WiringSign
from lossdoctor.trace.events import LossGraph, ParamFacts

RNG = np.random.default_rng


# -- series ---------------------------------------------------------------------------------------------


def test_smoothing_trails() -> None:
    assert smooth(np.array([1.0, 3.0, 5.0, 7.0]), 2).tolist() == [1.0, 2.0, 4.0, 6.0]
    assert smooth(np.array([1.0, 3.0]), 1).tolist() == [1.0, 3.0]


def test_a_trend_and_its_absence() -> None:
    slope, z = trend(3 * np.arange(50.0))
    assert slope == pytest.approx(3) and z > 5
    flat = [abs(trend(RNG(seed).normal(size=60))[1]) for seed in range(40)]
    assert np.mean(np.array(flat) > 2.58) <= 0.1, "about one in a hundred where there is none"
    assert trend(np.array([1.0, 2.0])) == (0.0, 0.0)


def test_a_long_series_keeps_its_slope() -> None:
    slope, _ = trend(0.5 * np.arange(5000.0))
    assert slope == pytest.approx(0.5, rel=0.01)


# -- steps ----------------------------------------------------------------------------------------------


def test_the_first_spike() -> None:
    norms = 1 + 0.2 * RNG(0).random(100)
    norms[60], norms[80] = 25.0, 90.0
    spike = signs_of(np.ones(100), norms=norms).step.first_spike
    assert spike is not None and spike[0] == 60 and spike[1] == pytest.approx(25 / 1.1, rel=0.05)


def test_a_steady_growth_is_no_spike() -> None:
    """On its way into a sharp minimum a gradient grows a hundredfold, and no step is ten times those before."""
    assert signs_of(np.ones(200), norms=1.02 ** np.arange(200)).step.first_spike is None


def test_a_norm_that_is_no_number_is_a_spike() -> None:
    norms = np.ones(50)
    norms[30] = np.inf
    assert signs_of(np.ones(50), norms=norms).step.first_spike == (30, math.inf)


def test_the_step_from_which_the_rate_is_dead() -> None:
    rate = 1e-2 * 0.5 ** np.arange(40)
    step = signs_of(np.ones(40), lr=rate).step
    assert step.lr_below(0.01) == 7
    warm = np.concatenate([np.linspace(1e-5, 1e-2, 20), np.full(20, 1e-2)])
    assert signs_of(np.ones(40), lr=warm).step.lr_below(0.01) is None, "a warm-up is low at first only"


# -- through time ---------------------------------------------------------------------------------------


def test_growth_backwards_in_time() -> None:
    rising = replay(np.linspace(3, 0, 30).tolist(), growth=10 ** (3 / 29))
    signs = signs_of(np.ones(10), samples=[rising])
    assert gradient_grows(signs)
    worst = signs.time.worst_growth
    assert worst is not None and worst[1] == pytest.approx(3)
    falling = replay(np.linspace(-6, 0, 30).tolist(), growth=10 ** (-6 / 29))
    assert not gradient_grows(signs_of(np.ones(10), samples=[falling]))
    short = replay([3.0, 2.0, 1.0, 0.0], growth=10.0)
    assert not gradient_grows(signs_of(np.ones(10), samples=[short])), "four steps are too few to tell"


def test_the_horizon_is_the_farthest_of_the_layers_at_first() -> None:
    samples = [
        replay([0.0] * 20, horizon=5.0), replay([0.0] * 20, horizon=9.0, layer=1), replay([0.0] * 20, horizon=2.0, step=50),
    ]  # fmt: skip
    signs = signs_of(np.ones(60), samples=samples)
    assert signs.time.horizon() == 9 and signs.time.horizon(last=True) == 2
    whole = signs_of(np.ones(60), samples=[replay([0.0] * 20, horizon=math.inf)])
    assert whole.time.horizon() == 20
    assert math.isnan(signs_of(np.ones(60)).time.horizon())


# -- memory ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lag", [1, 4, 12])
def test_the_lag_at_which_the_inputs_tell_the_target(lag: int) -> None:
    x = RNG(0).normal(size=(20, 32, 20, 1))
    pairs = [(a, a[:, -lag, :], None) for a in x]
    need = needed_lag(signs_of(np.ones(40), pairs, samples=[replay([0.0] * 20, horizon=6.0)]))
    assert need is not None and need.lag == lag
    assert need.whole > 0.95
    assert (need.within > 0.9, need.beyond > 0.9) == ((True, False) if lag <= 6 else (False, True))


def test_no_lag_without_a_relation() -> None:
    made = RNG(0)
    pairs = [(made.normal(size=(32, 20, 1)), made.normal(size=(32, 1)), None) for _ in range(20)]
    assert needed_lag(signs_of(np.ones(40), pairs)) is None


def test_no_lag_in_windows_that_are_too_short() -> None:
    x = RNG(0).normal(size=(20, 32, 4, 1))
    assert needed_lag(signs_of(np.ones(40), [(a, a[:, -1, :], None) for a in x])) is None


# -- layout ---------------------------------------------------------------------------------------------


def next_steps(tokens: bool) -> list[tuple[np.ndarray, np.ndarray, None]]:  # type: ignore[type-arg]
    made = RNG(0)
    series = [made.integers(0, 50, (8, 13)) if tokens else made.normal(size=(8, 13)) for _ in range(6)]
    return [(s[:, :-1], s[:, 1:], None) for s in series]


@pytest.mark.parametrize("tokens", [False, True])
def test_time_is_where_the_targets_are_the_inputs_one_step_on(tokens: bool) -> None:
    fn = "cross_entropy" if tokens else "mse_loss"
    pairs = next_steps(tokens)
    assert time_axis_by_shift(signs_of(np.ones(20), pairs, fn=fn)) == 1
    turned = [(np.ascontiguousarray(x.T), np.ascontiguousarray(y.T), None) for x, y, _ in pairs]
    assert time_axis_by_shift(signs_of(np.ones(20), turned, fn=fn)) == 0
    flat = [(x, y.reshape(-1), None) for x, y, _ in pairs]
    assert time_axis_by_shift(signs_of(np.ones(20), flat, fn=fn)) == 1


def test_targets_of_another_kind_tell_no_axis() -> None:
    assert time_axis_by_shift(signs_of(np.ones(20), targets())) is None
    same = [(np.ones((8, 12)), np.ones((8, 12)), None)]
    assert time_axis_by_shift(signs_of(np.ones(20), same)) is None, "equal along both axes"


# -- fed ------------------------------------------------------------------------------------------------


def pair(mean: float, std: float, features: int = 2) -> list[tuple[np.ndarray, np.ndarray, None]]:  # type: ignore[type-arg]
    made = RNG(0)
    return [(made.normal(mean, std, (32, 6, features)), made.normal(mean, std, (32, 1)), None) for _ in range(8)]


@pytest.mark.parametrize(
    ("mean", "std", "off"), [(0.0, 1.0, False), (0.0, 2.0, False), (0.0, 10.0, True), (100.0, 20.0, True), (0.0, 1e-3, True)]
)
def test_scale(mean: float, std: float, off: bool) -> None:
    signs = signs_of(np.ones(20), pair(mean, std))
    assert inputs_off_scale(signs) is off
    assert targets_off_scale(signs) is off


def test_features_far_apart_in_size() -> None:
    x = RNG(0).normal(size=(8, 32, 6, 2)) * np.array([2.0, 0.02])
    assert inputs_off_scale(signs_of(np.ones(20), [(a, a[:, 0, :1], None) for a in x]))


def test_answers_by_class() -> None:
    truth = np.array([0] * 26 + [1] * 6)
    scores = np.zeros((32, 2))
    scores[:, 0] = 1.0
    scores[-3:, 1] = 2.0
    answers = signs_of(np.ones(9), [(None, truth, scores)] * 4, fn="cross_entropy").fed.answers()
    assert answers is not None
    assert answers.majority_share == 26 / 32
    assert answers.rare_recall == 0.5
    assert answers.balanced_accuracy == 0.75
    assert answers.answered_majority == 29 / 32


def test_identical_rows() -> None:
    x = RNG(0).normal(size=(32, 6, 1))
    varied = signs_of(np.ones(9), [(x, x[:, 0], None)]).fed
    assert varied.identical_rows <= 1 / 32
    same = signs_of(np.ones(9), [(np.repeat(x[:1], 32, 0), x[:, 0], None)] * 3).fed
    assert same.identical_rows == 1.0 and same.spread_between_samples < 1e-12


def test_the_first_number_that_is_none() -> None:
    pairs = pair(0.0, 1.0)
    pairs[3][0][5, 2, 1] = np.nan
    pairs[6][0][0, 0, 0] = np.inf
    fed = signs_of(np.ones(20), pairs).fed
    assert fed.bad_inputs == (3, 1, 1)
    assert fed.bad_targets is None


# -- wiring ---------------------------------------------------------------------------------------------


def wiring(reached: set[int], held: set[int], in_model: set[int], frozen: AbstractSet[int] = frozenset()) -> WiringSign:
    everything = reached | held | in_model | frozen
    facts = {i: ParamFacts(f"p{i}", (10,), 10, i not in frozen) for i in everything}
    graph = LossGraph(0, 0, 0, True, reached=tuple(sorted(reached)))
    return WiringSign(facts, frozenset(in_model), frozenset(held), (graph,), (), (), (), (), {})


def test_sets_of_parameters() -> None:
    sign = wiring(reached={0, 1, 2, 7}, held={1, 2, 3}, in_model={0, 1, 2, 3, 4, 5}, frozen={2, 5})
    assert sign.unheld == {0, 7}, "reached, trainable, and in no optimizer"
    assert sign.stale == {3}
    assert sign.unreached == {3, 4}
    assert sign.frozen == {2, 5}
    assert sign.size(sign.unheld) == 20
    assert sign.names(frozenset({0, 1, 3}), most=2) == "p0, p1 and 1 more"


def test_what_several_losses_reach_is_taken_together() -> None:
    one = wiring(reached={0}, held={0, 1}, in_model={0, 1})
    two = LossGraph(1, 0, 0, True, reached=(1,))
    loose = LossGraph(2, 0, 0, False, reached=())
    both = WiringSign(one.facts, one.in_model, one.held, (*one.graphs, two, loose), (), (), (), (), {})
    assert both.reached == {0, 1} and len(both.connected) == 2
    assert not both.stale and not both.unreached
