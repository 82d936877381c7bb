from __future__ import annotations

import torch
import torch.nn.functional as F
from harness import found, healthy, leads, line_of, not_judged, watched
from nets import Last, batches, sums

CAUSE = "missing-optimizer-step"


def never_stepped() -> None:
    net = Last()
    opt = torch.optim.Adam(net.parameters(), 1e-2)
    for x, y in batches(*sums(), 30):
        opt.zero_grad()
        loss = F.mse_loss(net(x), y)
        loss.backward()


def stepped_once_an_epoch() -> None:
    net = Last()
    opt = torch.optim.Adam(net.parameters(), 1e-2)
    for _ in range(8):
        for x, y in batches(*sums(), 8):
            opt.zero_grad()
            loss = F.mse_loss(net(x), y)
            loss.backward()
        opt.step()


def too_short() -> None:
    net = Last()
    for x, y in batches(*sums(), 4):
        F.mse_loss(net(x), y).backward()


def stepped() -> None:
    net = Last()
    opt = torch.optim.Adam(net.parameters(), 1e-2)
    for x, y in batches(*sums(), 40):
        opt.zero_grad()
        F.mse_loss(net(x), y).backward()
        opt.step()


def updated_by_hand() -> None:
    net = Last()
    for x, y in batches(*sums(), 60):
        net.zero_grad()
        F.mse_loss(net(x), y).backward()
        for p in net.parameters():
            assert p.grad is not None
            p.data.add_(p.grad, alpha=-0.3)


def accumulated() -> None:
    net = Last()
    opt = torch.optim.Adam(net.parameters(), 2e-2)
    for _ in range(30):
        opt.zero_grad()
        for x, y in batches(*sums(), 4):
            (F.mse_loss(net(x), y) / 4).backward()
        opt.step()


def test_no_step_at_all() -> None:
    signs = watched(never_stepped)
    answer = found(signs, CAUSE)
    assert answer.where is not None and answer.where.line == line_of(never_stepped, "loss.backward()")
    assert leads(signs) == CAUSE
    assert {e.what: e.value for e in answer.evidence}["backward passes"] == 30


def test_one_step_for_eight_zeroed_gradients() -> None:
    answer = found(watched(stepped_once_an_epoch), CAUSE)
    assert answer.where is not None and answer.where.line == line_of(stepped_once_an_epoch, "loss.backward()")
    assert answer.evidence[0].value == 8


def test_a_few_backward_passes_prove_nothing() -> None:
    not_judged(watched(too_short), CAUSE)


def test_a_step_for_each_batch() -> None:
    healthy(watched(stepped), CAUSE)


def test_updates_by_hand_need_no_optimizer() -> None:
    signs = watched(updated_by_hand)
    assert "by hand" in healthy(signs, CAUSE).why
    assert signs.loss.skill is not None and signs.loss.skill > 0.5


def test_accumulated_gradients_are_not_thrown_away() -> None:
    healthy(watched(accumulated), CAUSE)
