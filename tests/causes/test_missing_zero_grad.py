from __future__ import annotations

import torch
import torch.nn.functional as F
from harness import found, healthy, leads, line_of, watched
from nets import Last, batches, sums

CAUSE = "missing-zero-grad"


def never_zeroed() -> None:
    net = Last()
    opt = torch.optim.Adam(net.parameters(), 1e-2)
    for x, y in batches(*sums(), 40):
        loss = F.mse_loss(net(x), y)
        loss.backward()
        opt.step()


def zeroed() -> None:
    net = Last()
    opt = torch.optim.Adam(net.parameters(), 1e-2)
    for x, y in batches(*sums(), 40):
        opt.zero_grad()
        F.mse_loss(net(x), y).backward()
        opt.step()


def accumulated() -> None:
    net = Last()
    opt = torch.optim.Adam(net.parameters(), 2e-2)
    for number, (x, y) in enumerate(batches(*sums(), 120)):
        (F.mse_loss(net(x), y) / 4).backward()
        if number % 4 == 3:
            opt.step()
            opt.zero_grad()


def set_to_none_by_hand() -> None:
    net = Last()
    opt = torch.optim.SGD(net.parameters(), 0.3)
    for x, y in batches(*sums(), 60):
        for p in net.parameters():
            p.grad = None
        F.mse_loss(net(x), y).backward()
        opt.step()


def many_backwards_in_a_closure() -> None:
    net = Last()
    opt = torch.optim.LBFGS(net.parameters(), 0.5, max_iter=6)
    x, y = sums()

    def closure() -> torch.Tensor:
        opt.zero_grad()
        loss = F.mse_loss(net(x), y)
        loss.backward()
        return loss

    for _ in range(10):
        opt.step(closure)


def test_gradients_used_twice_are_found() -> None:
    signs = watched(never_zeroed)
    answer = found(signs, CAUSE)
    assert answer.proof == "structure"
    assert answer.where is not None and answer.where.line == line_of(never_zeroed, "loss.backward()")
    assert leads(signs) == CAUSE
    assert answer.evidence[0].value == 1.0


def test_zeroed_at_the_top() -> None:
    healthy(watched(zeroed), CAUSE)


def test_accumulation_on_purpose_uses_no_gradient_twice() -> None:
    signs = watched(accumulated)
    assert signs.step.backwards[5] == 4
    healthy(signs, CAUSE)


def test_gradients_set_to_none_by_hand() -> None:
    healthy(watched(set_to_none_by_hand), CAUSE)


def test_a_closure_with_many_backward_passes() -> None:
    healthy(watched(many_backwards_in_a_closure), CAUSE)
