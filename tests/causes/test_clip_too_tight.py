from __future__ import annotations

from functools import partial

import torch
import torch.nn.functional as F
from harness import calm, found, healthy, leads, line_of, not_judged, watched
from nets import Last, batches, sums

CAUSE = "clip-too-tight"


def train(limit: float | None, optimizer: str = "SGD", lr: float = 0.3) -> None:
    net = Last()
    opt: torch.optim.Optimizer = getattr(torch.optim, optimizer)(net.parameters(), lr)
    for x, y in batches(*sums(), 60):
        opt.zero_grad()
        F.mse_loss(net(x), y).backward()
        if limit is not None:
            torch.nn.utils.clip_grad_norm_(net.parameters(), limit)
        opt.step()


def scaled_by_hand() -> None:
    net = Last()
    opt = torch.optim.SGD(net.parameters(), 0.3)
    for x, y in batches(*sums(), 60):
        opt.zero_grad()
        F.mse_loss(net(x), y).backward()
        for p in net.parameters():
            assert p.grad is not None
            p.grad.mul_(1e-3 / max(1e-3, float(p.grad.norm())))
        opt.step()


def test_a_limit_that_sets_the_size_of_every_step() -> None:
    signs = watched(partial(train, 1e-3), arms=["loosen-clip"])
    answer = found(signs, CAUSE)
    assert answer.proof == "intervention"
    assert answer.where is not None and answer.where.line == line_of(train, "clip_grad_norm_")
    assert leads(signs) == CAUSE


def test_clipping_by_hand_is_found_too() -> None:
    signs = watched(scaled_by_hand, arms=["loosen-clip"])
    assert "by hand" in found(signs, CAUSE).summary


def test_without_the_panel_nothing_is_claimed() -> None:
    not_judged(watched(partial(train, 1e-3)), CAUSE)


def test_nothing_is_clipped() -> None:
    assert "nothing is clipped" in healthy(watched(partial(train, None)), CAUSE).why


def test_adam_undoes_the_scale() -> None:
    """A clip that is active on every step, and changes nothing."""
    signs = watched(partial(train, 1e-4, "Adam", 1e-2))
    assert signs.step.clip_active == 1.0
    assert "Adam" in healthy(signs, CAUSE).why


def test_a_fuse() -> None:
    signs = watched(partial(train, 2.0), arms=[])
    assert len(signs.step.clips) > 0 and signs.step.clip_active < 0.2
    calm(signs)
    assert healthy(signs, CAUSE)
