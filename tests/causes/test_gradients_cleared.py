from __future__ import annotations

import torch
import torch.nn.functional as F
from harness import found, healthy, leads, line_of, watched
from nets import Last, batches, sums

CAUSE = "gradients-cleared"


def zeroed_before_the_step() -> None:
    net = Last()
    opt = torch.optim.Adam(net.parameters(), 1e-2)
    for x, y in batches(*sums(), 30):
        loss = F.mse_loss(net(x), y)
        loss.backward()
        opt.zero_grad()
        opt.step()


def stepped_before_the_backward() -> None:
    net = Last()
    opt = torch.optim.SGD(net.parameters(), 0.3)
    for x, y in batches(*sums(), 30):
        opt.zero_grad(set_to_none=False)
        loss = F.mse_loss(net(x), y)
        opt.step()
        loss.backward()


def zeroed_at_the_top() -> None:
    net = Last()
    opt = torch.optim.Adam(net.parameters(), 1e-2)
    for x, y in batches(*sums(), 40):
        opt.zero_grad()
        F.mse_loss(net(x), y).backward()
        opt.step()


def zeroed_after_the_step() -> None:
    net = Last()
    opt = torch.optim.Adam(net.parameters(), 1e-2)
    for x, y in batches(*sums(), 40):
        F.mse_loss(net(x), y).backward()
        opt.step()
        net.zero_grad(set_to_none=False)


def two_nets_in_turn() -> None:
    first, second = Last(), Last(hidden=8)
    opts = [torch.optim.Adam(first.parameters(), 1e-2), torch.optim.Adam(second.parameters(), 1e-2)]
    for x, y in batches(*sums(), 50):
        for net, opt in zip((first, second), opts, strict=True):
            opt.zero_grad()
            F.mse_loss(net(x), y).backward()
            opt.step()


def test_zeroed_between_backward_and_step() -> None:
    signs = watched(zeroed_before_the_step)
    answer = found(signs, CAUSE)
    assert answer.where is not None and answer.where.line == line_of(zeroed_before_the_step, "loss.backward()")
    assert leads(signs) == CAUSE
    after = answer.evidence[0].value
    assert isinstance(after, float) and after > 0


def test_the_step_comes_too_early() -> None:
    found(watched(stepped_before_the_backward), CAUSE)


def test_zeroed_at_the_top_of_the_loop() -> None:
    healthy(watched(zeroed_at_the_top), CAUSE)


def test_zeroed_after_the_step() -> None:
    healthy(watched(zeroed_after_the_step), CAUSE)


def test_two_nets_with_an_optimizer_each() -> None:
    healthy(watched(two_nets_in_turn), CAUSE)
