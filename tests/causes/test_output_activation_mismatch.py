from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import pytest
import torch
import torch.nn.functional as F
from harness import calm, found, healthy, leads, line_of, said, watched
from nets import Last, batches, groups, sums
from torch import Tensor, nn

from lossdoctor.words import Finding

CAUSE = "output-activation-mismatch"
Criterion = Callable[[Tensor, Tensor], Tensor]


def classes(criterion: Criterion, count: int = 60, lr: float = 1e-2) -> None:
    net = Last(outputs=3)
    opt = torch.optim.Adam(net.parameters(), lr)
    for x, y in batches(*groups(), count):
        opt.zero_grad()
        loss = criterion(net(x), y)
        loss.backward()
        opt.step()


def amounts(criterion: Criterion, shift: float = 0.0, count: int = 60) -> None:
    net = Last()
    opt = torch.optim.Adam(net.parameters(), 1e-2)
    x, y = sums()
    for a, b in batches(x, y + shift, count):
        opt.zero_grad()
        criterion(net(a), b).backward()
        opt.step()


def shares(criterion: Criterion) -> None:
    """Targets between 0 and 1."""
    net = Last()
    opt = torch.optim.Adam(net.parameters(), 2e-2)
    x, y = sums()
    for a, b in batches(x, torch.sigmoid(2 * y), 80):
        opt.zero_grad()
        criterion(net(a), b).backward()
        opt.step()


def softmax_twice() -> None:
    net = Last(outputs=3)
    opt = torch.optim.Adam(net.parameters(), 1e-3)
    for x, y in batches(*groups(), 40):
        opt.zero_grad()
        answer = torch.softmax(net(x), dim=1)
        loss = F.cross_entropy(answer, y)
        loss.backward()
        opt.step()


class Attention(nn.Module):
    """Softmax over time, well before the head."""

    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.GRU(2, 16, batch_first=True)
        self.score = nn.Linear(16, 1)
        self.head = nn.Linear(16, 3)

    def forward(self, x: Tensor) -> Tensor:
        out, _ = self.rnn(x)
        answer: Tensor = self.head((torch.softmax(self.score(out), dim=1) * out).sum(1))
        return answer


def attention() -> None:
    net = Attention()
    opt = torch.optim.Adam(net.parameters(), 1e-2)
    for x, y in batches(*groups(), 60):
        opt.zero_grad()
        F.cross_entropy(net(x), y).backward()
        opt.step()


def test_softmax_before_cross_entropy_has_a_floor() -> None:
    signs = watched(softmax_twice)
    answer = found(signs, CAUSE)
    assert answer.proof == "bound"
    assert answer.where is not None and answer.where.line == line_of(softmax_twice, "F.cross_entropy")
    assert leads(signs) == CAUSE
    floor = answer.evidence[0].value
    assert isinstance(floor, float) and floor == pytest.approx(math.log(1 + 2 / math.e))
    assert signs.loss.value.min() > floor


@pytest.mark.parametrize("squash", [torch.sigmoid, torch.tanh])
def test_squeezed_scores_before_cross_entropy(squash: Callable[[Tensor], Tensor]) -> None:
    found(watched(partial(classes, lambda p, y: F.cross_entropy(squash(p), y), 40, 1e-3)), CAUSE)


UNTRUE = "a loss below its floor counts as a skill above 1, and so as learned: the severity is lowered"


def nll_of_shares() -> None:
    classes(lambda p, y: F.nll_loss(torch.softmax(p, 1), y), 30, 1e-4)


def nll_of_scores() -> None:
    classes(lambda p, y: F.nll_loss(p, y), 40)


@pytest.mark.parametrize(("loop", "what"), [(nll_of_shares, "fed probabilities"), (nll_of_scores, "fed raw scores")])
def test_nll_without_a_logarithm(loop: Callable[[], None], what: str) -> None:
    answer = said(watched(loop), CAUSE)
    assert isinstance(answer, Finding) and what in answer.summary


@pytest.mark.xfail(strict=True, reason=UNTRUE)
@pytest.mark.parametrize("loop", [nll_of_shares, nll_of_scores])
def test_nll_without_a_logarithm_is_an_error(loop: Callable[[], None]) -> None:
    found(watched(loop), CAUSE)


def test_sigmoid_before_the_loss_that_has_its_own() -> None:
    def bce(p: Tensor, y: Tensor) -> Tensor:
        return F.binary_cross_entropy_with_logits(torch.sigmoid(p), (y > 0.5).float())

    found(watched(partial(shares, bce)), CAUSE)


@pytest.mark.parametrize(("squash", "shift", "out"), [(F.relu, -2.0, 0.9), (torch.sigmoid, 3.0, 0.9), (torch.tanh, 0.0, 0.2)])
def test_targets_out_of_reach(squash: Callable[[Tensor], Tensor], shift: float, out: float) -> None:
    answer = found(watched(partial(amounts, lambda p, y: F.mse_loss(squash(p), y), shift)), CAUSE)
    assert answer.proof == "bound"
    share = answer.evidence[0].value
    assert isinstance(share, float) and share > out


def test_softmax_over_a_single_unit() -> None:
    answer = found(watched(partial(shares, lambda p, y: F.mse_loss(torch.softmax(p, 1), y))), CAUSE)
    assert "constantly 1" in answer.summary


def test_raw_scores_for_cross_entropy() -> None:
    healthy(watched(partial(classes, lambda p, y: F.cross_entropy(p, y))), CAUSE)


def test_log_softmax_twice_is_harmless() -> None:
    healthy(watched(partial(classes, lambda p, y: F.cross_entropy(F.log_softmax(p, 1), y))), CAUSE)


def test_log_softmax_and_nll() -> None:
    healthy(watched(partial(classes, lambda p, y: F.nll_loss(F.log_softmax(p, 1), y))), CAUSE)


def test_softmax_over_time() -> None:
    healthy(watched(attention), CAUSE)


def test_sigmoid_for_targets_between_0_and_1() -> None:
    healthy(watched(partial(shares, lambda p, y: F.mse_loss(torch.sigmoid(p), y))), CAUSE)


def test_relu_for_targets_above_0() -> None:
    signs = watched(partial(amounts, lambda p, y: F.mse_loss(F.relu(p), y), 4.0, 150))
    assert signs.fed.targets is not None and signs.fed.targets.min() > 0
    calm(signs)
    assert healthy(signs, CAUSE)
