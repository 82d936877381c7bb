from __future__ import annotations

from functools import partial

import torch
import torch.nn.functional as F
from harness import found, healthy, leads, line_of, watched
from nets import Last, batches, groups, sums

CAUSE = "unscaled-targets"


def train(mean: float, std: float, optimizer: str = "Adam", lr: float = 1e-2, bias: bool = False, count: int = 60) -> None:
    net = Last(cell="lstm")
    x, y = sums()
    y = y * std + mean
    if bias:
        torch.nn.init.constant_(net.head.bias, float(y.mean()))
    opt: torch.optim.Optimizer = getattr(torch.optim, optimizer)(net.parameters(), lr)
    for a, b in batches(x, y, count):
        opt.zero_grad()
        loss = F.mse_loss(net(a), b)
        loss.backward()
        opt.step()


def classes() -> None:
    net = Last(outputs=30)
    opt = torch.optim.Adam(net.parameters(), 2e-2)
    x, y = groups()
    for a, b in batches(x, y + 25, 60):
        opt.zero_grad()
        F.cross_entropy(net(a), b).backward()
        opt.step()


def test_targets_that_adam_cannot_reach_in_time() -> None:
    signs = watched(partial(train, 5000.0, 500.0, "Adam", 1e-3))
    answer = found(signs, CAUSE)
    assert answer.proof == "bound"
    assert answer.where is not None and answer.where.line == line_of(train, "F.mse_loss")
    assert leads(signs) == CAUSE


def test_an_arm_proves_it() -> None:
    signs = watched(partial(train, 100.0, 20.0), arms=["scale-targets", "raise-lr-10"])
    answer = found(signs, CAUSE)
    assert leads(signs) == CAUSE
    assert answer.fixes == ()


def test_standardised_targets() -> None:
    healthy(watched(partial(train, 0.0, 1.0)), CAUSE)


def test_classes_have_no_scale() -> None:
    assert "classes" in healthy(watched(classes), CAUSE).why


def test_a_head_whose_bias_starts_at_the_mean() -> None:
    """Far from zero, and learned: the head was made for it."""
    signs = watched(partial(train, 100.0, 1.0, "Adam", 1e-2, True))
    assert signs.loss.skill is not None and signs.loss.skill > 0.8
    healthy(signs, CAUSE)


def tiny_on_both_sides() -> None:
    net = Last(cell="lstm")
    x, y = sums()
    opt = torch.optim.Adam(net.parameters(), 1e-2)
    for a, b in batches(1e-4 * x, 1e-4 * y, 150):
        opt.zero_grad()
        F.mse_loss(net(a), b).backward()
        opt.step()


def test_inputs_and_targets_that_are_both_tiny() -> None:
    """Either alone helps little: a net whose inputs are nothing cannot answer targets of any size."""
    signs = watched(tiny_on_both_sides, arms=["scale-targets", "scale-inputs", "scale-both"])
    found(signs, CAUSE)
    assert [a.cures for a in signs.arms] == [False, False, True]
    assert leads(signs) == CAUSE
