from __future__ import annotations

from functools import partial

import torch
import torch.nn.functional as F
from harness import calm, found, healthy, line_of, said, watched
from nets import Last, batches, sums
from torch import nn

from lossdoctor.words import Finding

CAUSE = "exploding-gradients"


def train(radius: float, lr: float, cell: str = "rnn", count: int = 60, optimizer: str = "SGD") -> None:
    """A linear-like recurrence whose gradient grows by about `radius` a step back."""
    net = Last(cell=cell, **({"nonlinearity": "relu"} if cell == "rnn" else {}))
    if cell == "rnn":
        nn.init.eye_(net.rnn.weight_hh_l0)
        with torch.no_grad():
            net.rnn.weight_hh_l0.mul_(radius)
            net.rnn.weight_ih_l0.mul_(0.2)
    opt: torch.optim.Optimizer = getattr(torch.optim, optimizer)(net.parameters(), lr)
    for x, y in batches(*sums(steps=30), count):
        opt.zero_grad()
        F.mse_loss(net(x), y).backward()
        opt.step()


def hard_sample() -> None:
    """One sample of the set is far away: its gradient jumps, and the run learns all the same."""
    net = Last()
    opt = torch.optim.Adam(net.parameters(), 1e-2)
    x, y = sums()
    for number, (a, b) in enumerate(batches(x, y, 100)):
        opt.zero_grad()
        F.mse_loss(net(a), b * (30.0 if number == 50 else 1.0)).backward()
        opt.step()


def test_a_gradient_that_grows_and_that_clipping_cures() -> None:
    signs = watched(partial(train, 1.05, 0.05, "rnn", 80), arms=["add-clip", "lower-lr-0.1"])
    answer = found(signs, CAUSE)
    assert answer.proof == "intervention"
    assert answer.where is not None and answer.where.line == line_of(Last, "self.rnn(x)")


def test_without_the_panel_it_is_a_suspicion() -> None:
    found(watched(partial(train, 1.6, 0.05)), CAUSE, severity="warning")


def test_a_gated_net_whose_gradient_shrinks() -> None:
    healthy(watched(partial(train, 0.0, 1e-2, "gru", 80, "Adam")), CAUSE)


def test_one_far_sample() -> None:
    signs = watched(hard_sample)
    assert signs.step.first_spike is not None
    assert not isinstance(said(signs, CAUSE), Finding)
    calm(signs)
