from __future__ import annotations

from functools import partial

import pytest
import torch
import torch.nn.functional as F
from harness import found, healthy, leads, line_of, watched
from nets import Last, batches, groups, sums

CAUSE = "wrong-sign"


def negated() -> None:
    net = Last()
    opt = torch.optim.Adam(net.parameters(), 1e-2)
    for x, y in batches(*sums(), 40):
        opt.zero_grad()
        loss = -F.mse_loss(net(x), y)
        loss.backward()
        opt.step()


def maximised() -> None:
    net = Last()
    opt = torch.optim.Adam(net.parameters(), 1e-2, maximize=True)
    for x, y in batches(*sums(), 40):
        opt.zero_grad()
        F.mse_loss(net(x), y).backward()
        opt.step()


def added_by_hand() -> None:
    net = Last()
    for x, y in batches(*sums(), 40):
        net.zero_grad()
        F.mse_loss(net(x), y).backward()
        for p in net.parameters():
            assert p.grad is not None
            p.data.add_(p.grad, alpha=0.1)


def gradients_turned() -> None:
    net = Last()
    opt = torch.optim.SGD(net.parameters(), 0.1)
    for x, y in batches(*sums(), 40):
        opt.zero_grad()
        F.mse_loss(net(x), y).backward()
        for p in net.parameters():
            assert p.grad is not None
            p.grad.neg_()
        opt.step()


def likelihood_minimised() -> None:
    net = Last(outputs=3)
    opt = torch.optim.Adam(net.parameters(), 1e-2)
    for x, y in batches(*groups(), 40):
        opt.zero_grad()
        logs = F.log_softmax(net(x), dim=1)
        loss = logs[torch.arange(len(y)), y].mean()
        loss.backward()
        opt.step()


def minimised() -> None:
    net = Last()
    opt = torch.optim.Adam(net.parameters(), 1e-2)
    for x, y in batches(*sums(), 50):
        opt.zero_grad()
        F.mse_loss(net(x), y).backward()
        opt.step()


def log_likelihood(maximize: bool) -> None:
    """Either -log p is minimised, or log p is maximised: both are right."""
    net = Last(outputs=3)
    opt = torch.optim.Adam(net.parameters(), 2e-2, maximize=maximize)
    for x, y in batches(*groups(), 50):
        opt.zero_grad()
        logs = F.log_softmax(net(x), dim=1)
        picked = logs[torch.arange(len(y)), y].mean()
        (picked if maximize else -picked).backward()
        opt.step()


def density() -> None:
    """A log density may rightly make the loss negative."""
    net = Last(outputs=2)
    opt = torch.optim.Adam(net.parameters(), 1e-2)
    for x, y in batches(*sums(), 80):
        opt.zero_grad()
        mean, log_std = net(x).chunk(2, dim=1)
        loss = -torch.distributions.Normal(mean, log_std.exp()).log_prob(0.01 * y).mean()
        loss.backward()
        opt.step()


def anti_parallel_steps() -> None:
    """Large steps that go to and fro still go down: the cosine of a step with the one before says nothing."""
    net = Last(cell="rnn")
    opt = torch.optim.SGD(net.parameters(), 0.4)
    for x, y in batches(*sums(), 80):
        opt.zero_grad()
        F.mse_loss(net(x), y).backward()
        opt.step()


def test_a_minus_before_the_loss() -> None:
    signs = watched(negated)
    answer = found(signs, CAUSE)
    assert answer.where is not None and answer.where.line == line_of(negated, "loss.backward()")
    assert leads(signs) == CAUSE


@pytest.mark.parametrize("loop", [maximised, gradients_turned, likelihood_minimised])
def test_every_way_to_climb(loop: object) -> None:
    signs = watched(loop)  # type: ignore[arg-type]
    found(signs, CAUSE)
    assert leads(signs) == CAUSE


def test_an_update_by_hand_that_climbs() -> None:
    found(watched(added_by_hand), CAUSE)


def test_a_loss_that_is_minimised() -> None:
    healthy(watched(minimised), CAUSE)


@pytest.mark.parametrize("maximize", [False, True])
def test_a_likelihood_that_grows(maximize: bool) -> None:
    signs = watched(partial(log_likelihood, maximize))
    assert abs(signs.loss.value[-1]) < abs(signs.loss.value[0])
    healthy(signs, CAUSE)


def test_a_loss_below_zero() -> None:
    signs = watched(density)
    assert signs.loss.value[-1] < 0
    healthy(signs, CAUSE)


def test_steps_to_and_fro() -> None:
    healthy(watched(anti_parallel_steps), CAUSE)
