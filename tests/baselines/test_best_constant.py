"""The constant of each loss against a numeric search over constants, under torch's own loss function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from lossdoctor.baselines.constant import best_constant, known_constant


def searched(loss: Callable[[Tensor], Tensor], start: Tensor) -> float:
    """The lowest loss over constants, by LBFGS from `start`."""
    guess = start.double().clone().requires_grad_(True)
    opt = torch.optim.LBFGS([guess], lr=0.5, max_iter=300, tolerance_grad=1e-12, tolerance_change=1e-14, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        opt.zero_grad()
        value = loss(guess)
        value.backward()
        return value

    opt.step(closure)
    return float(loss(guess.detach()))


def amounts(seed: int = 0, count: int = 301) -> Tensor:
    made = torch.Generator().manual_seed(seed)
    return 3 + torch.randn(count, generator=made, dtype=torch.float64) ** 3


REGRESSION: list[tuple[str, dict[str, Any], Callable[[Tensor, Tensor], Tensor]]] = [
    ("mse_loss", {}, lambda p, y: F.mse_loss(p.expand_as(y), y)),
    ("l1_loss", {}, lambda p, y: F.l1_loss(p.expand_as(y), y)),
    ("squared_error", {}, lambda p, y: ((p - y) ** 2).mean()),
    ("absolute_error", {}, lambda p, y: (p - y).abs().mean()),
    ("huber_loss", {"beta": 1.0}, lambda p, y: F.huber_loss(p.expand_as(y), y)),
    ("huber_loss", {"beta": 0.3}, lambda p, y: F.huber_loss(p.expand_as(y), y, delta=0.3)),
    ("smooth_l1_loss", {"beta": 0.3}, lambda p, y: F.smooth_l1_loss(p.expand_as(y), y, beta=0.3)),
]


@pytest.mark.parametrize(("fn", "options", "loss"), REGRESSION, ids=lambda v: v if isinstance(v, str) else "")
def test_regression(fn: str, options: dict[str, Any], loss: Callable[[Tensor, Tensor], Tensor]) -> None:
    y = amounts()
    constant = best_constant(fn, [y.numpy()], **options)
    assert constant is not None and constant.floor == 0
    best = min(searched(lambda p: loss(p, y), start) for start in (y.mean(), y.median()))
    assert constant.loss == pytest.approx(best, rel=2e-3)
    assert constant.loss >= best - 1e-9, "no constant is better than the best"


def test_several_outputs_have_a_constant_each() -> None:
    y = np.random.default_rng(0).normal(size=(200, 3)) + np.array([0.0, 50.0, -50.0])
    constant = best_constant("mse_loss", [y[:100], y[100:]])
    assert constant is not None and constant.loss == pytest.approx(y.var(axis=0).mean())


@given(st.lists(st.integers(0, 4), min_size=3, max_size=60), st.sampled_from([0.0, 0.1, 0.3]))
@settings(max_examples=15, deadline=None)
def test_classes(ids: list[int], smoothing: float) -> None:
    y = torch.tensor(ids)
    constant = best_constant("cross_entropy", [y.numpy()], label_smoothing=smoothing, classes=5)
    assert constant is not None
    best = searched(lambda p: F.cross_entropy(p.expand(len(y), 5), y, label_smoothing=smoothing), torch.zeros(5))
    assert constant.loss == pytest.approx(best, abs=2e-3)


def test_the_floor_of_smoothed_labels() -> None:
    """A perfect prediction still costs the entropy of the smoothed target."""
    y = torch.tensor([0, 1, 2, 2])
    constant = best_constant("cross_entropy", [y.numpy()], label_smoothing=0.2, classes=3)
    target = 0.8 * F.one_hot(y, 3) + 0.2 / 3
    assert constant is not None
    assert constant.floor == pytest.approx(float(F.cross_entropy(target.log(), y, label_smoothing=0.2)))


def test_weighted_classes() -> None:
    y, weight = torch.tensor([0] * 8 + [1] * 2 + [2]), (0.5, 2.0, 3.0)
    constant = best_constant("cross_entropy", [y.numpy()], class_weight=weight)
    given_weight = torch.tensor(weight, dtype=torch.float64)
    best = searched(lambda p: F.cross_entropy(p.expand(len(y), 3), y, weight=given_weight), torch.zeros(3))
    assert constant is not None and constant.loss == pytest.approx(best, abs=1e-6)


def test_ignored_ids_do_not_count() -> None:
    with_pads = best_constant("cross_entropy", [np.array([0, 1, 1, 9, 9, 9])], ignore_index=9, classes=2)
    without = best_constant("cross_entropy", [np.array([0, 1, 1])], classes=2)
    assert with_pads is not None and with_pads == without
    usual = best_constant("cross_entropy", [np.array([0, 1, 1, -100])], classes=2)
    assert usual == without


def test_class_shares_as_targets() -> None:
    y = torch.softmax(torch.randn(50, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64), 1)
    constant = best_constant("cross_entropy", [y.numpy()])
    best = searched(lambda p: F.cross_entropy(p.expand(50, 4), y), torch.zeros(4))
    assert constant is not None and constant.loss == pytest.approx(best, abs=1e-6)
    assert constant.floor == pytest.approx(float(F.cross_entropy(y.log(), y)))


@pytest.mark.parametrize("pos_weight", [(), (4.0,)])
@pytest.mark.parametrize("share", [0.5, 0.1])
def test_two_classes(pos_weight: tuple[float, ...], share: float) -> None:
    made = torch.Generator().manual_seed(0)
    y = (torch.rand(400, generator=made) < share).double()
    weight = torch.tensor(pos_weight, dtype=torch.float64) if pos_weight else None
    fn = "binary_cross_entropy_with_logits"
    constant = best_constant(fn, [y.numpy()], pos_weight=pos_weight)
    best = searched(lambda p: F.binary_cross_entropy_with_logits(p.expand_as(y), y, pos_weight=weight), torch.zeros(()))
    assert constant is not None and constant.loss == pytest.approx(best, abs=1e-6)
    assert constant.floor == pytest.approx(0, abs=1e-6)


def test_the_floor_of_soft_binary_targets() -> None:
    y = np.full(40, 0.3)
    y[:20] = 0.7
    constant = best_constant("binary_cross_entropy", [y])
    entropy = -(0.3 * np.log(0.3) + 0.7 * np.log(0.7))
    assert constant is not None
    assert constant.floor == pytest.approx(entropy)
    assert constant.loss == pytest.approx(np.log(2))


def test_what_is_not_known_is_not_guessed() -> None:
    assert best_constant("ctc_loss", [np.array([1, 2])]) is None
    assert best_constant("mse_loss", []) is None
    assert best_constant("mse_loss", [np.zeros(0)]) is None
    assert best_constant("binary_cross_entropy", [np.array([0.0, 3.0])]) is None
    assert best_constant("mse_loss", [np.array([np.nan, np.nan])]) is None


def test_numbers_that_are_none_are_left_out() -> None:
    constant = best_constant("mse_loss", [np.array([1.0, np.nan, 3.0])])
    assert constant is not None and constant.loss == pytest.approx(1.0)


def test_a_constant_that_only_the_past_tells() -> None:
    past, later = [np.array([0.0, 2.0])], [np.array([9.0, 11.0])]
    known = known_constant("mse_loss", past, later)
    assert known is not None and known.loss == pytest.approx(82.0)
    own = best_constant("mse_loss", later)
    assert own is not None and own.loss == pytest.approx(1.0)
    known = known_constant("l1_loss", past, later)
    assert known is not None and known.loss == pytest.approx(9.0)


def test_class_frequencies_of_the_past_cost_more_where_they_have_changed() -> None:
    past, same, other = np.array([0, 0, 0, 1] * 50), np.array([0, 0, 0, 1] * 20), np.array([1, 1, 1, 0] * 20)
    likely, unlikely = (known_constant("cross_entropy", [past], [held]) for held in (same, other))
    own = best_constant("cross_entropy", [same])
    assert likely is not None and unlikely is not None and own is not None
    assert likely.loss == pytest.approx(own.loss, rel=0.01) and unlikely.loss > 1.5 * likely.loss


def test_padding_is_no_class_of_the_past() -> None:
    past, held = np.array([0] * 60 + [1, 2, 3, 4] * 10), np.array([0] * 30 + [1, 2, 3, 4] * 5)
    known = known_constant("cross_entropy", [past], [held], ignore_index=0)
    assert known is not None and known.loss == pytest.approx(np.log(4), abs=0.15)


def test_a_constant_that_the_past_does_not_tell() -> None:
    assert known_constant("poisson_nll_loss", [np.ones(3)], [np.ones(3)]) is None
    assert known_constant("mse_loss", [], [np.ones(3)]) is None
