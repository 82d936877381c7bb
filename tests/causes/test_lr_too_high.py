from __future__ import annotations

from functools import partial

import torch
import torch.nn.functional as F
from harness import calm, found, healthy, leads, line_of, not_judged, watched
from nets import Last, batches, sums
from torch import nn

CAUSE = "lr-too-high"


def train(lr: float, optimizer: str = "SGD", size: int = 32, count: int = 60) -> None:
    net = Last()
    opt: torch.optim.Optimizer = getattr(torch.optim, optimizer)(net.parameters(), lr)
    for x, y in batches(*sums(), count, size):
        opt.zero_grad()
        loss = F.mse_loss(net(x), y)
        loss.backward()
        opt.step()


def warmed_up() -> None:
    """The first, high rates throw the loss up; then the run recovers."""
    net = nn.Linear(12, 1)
    opt = torch.optim.SGD(net.parameters(), 0.2)
    opt.param_groups[0]["lr"] = 1.0
    for number, (x, y) in enumerate(batches(*sums(), 80)):
        if number == 3:
            opt.param_groups[0]["lr"] = 0.05
        opt.zero_grad()
        F.mse_loss(net(x.flatten(1)), y).backward()
        opt.step()


def test_a_loss_that_blows_up_at_this_rate_and_not_at_a_tenth() -> None:
    signs = watched(partial(train, 12.0), arms=["lower-lr-0.1", "lower-lr-0.01"])
    answer = found(signs, CAUSE)
    assert answer.proof == "intervention"
    assert answer.where is not None and answer.where.line == line_of(train, "loss.backward()")
    assert leads(signs) == CAUSE


def test_an_adam_that_stalls_at_a_rate_of_one() -> None:
    signs = watched(partial(train, 3.0, "Adam"), arms=["lower-lr-0.01", "lower-lr-0.1"])
    answer = found(signs, CAUSE)
    assert "100 times too high" in answer.summary


def test_without_the_panel_nothing_is_claimed() -> None:
    not_judged(watched(partial(train, 3.0, "Adam")), CAUSE)


def test_a_rate_that_is_right() -> None:
    signs = watched(partial(train, 0.3, "SGD", 32, 80))
    assert "the run learns" in healthy(signs, CAUSE).why


def test_the_noise_of_single_samples() -> None:
    """With one sample a batch the loss jumps by any factor, and the run learns."""
    signs = watched(partial(train, 0.05, "SGD", 1, 400))
    assert signs.loss.value[-100:].max() > 3 * signs.loss.end
    calm(signs)


def test_a_loss_that_rose_at_first_and_recovered() -> None:
    signs = watched(warmed_up)
    assert signs.loss.value.max() > 1.5 * signs.loss.start
    healthy(signs, CAUSE)


def test_where_a_lower_rate_does_no_better_it_is_ruled_out() -> None:
    signs = watched(partial(train, 1e-3), arms=["lower-lr-0.1"])
    assert "skill" in healthy(signs, CAUSE).why
