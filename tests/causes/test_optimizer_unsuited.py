from __future__ import annotations

import dataclasses
from functools import partial

import torch
import torch.nn.functional as F
from harness import calm, found, healthy, leads, line_of, not_judged, watched
from nets import Last, batches, sums

from lossdoctor.signs.arms import ArmSign

CAUSE = "optimizer-unsuited"


def train(optimizer: str, lr: float) -> None:
    net = Last()
    opt: torch.optim.Optimizer = getattr(torch.optim, optimizer)(net.parameters(), lr)
    for x, y in batches(*sums(), 100):
        opt.zero_grad()
        loss = F.mse_loss(net(x), y)
        loss.backward()
        opt.step()


def arm(fix: str, args: dict[str, object], skill: float, original: float) -> ArmSign:
    return ArmSign(fix, fix, args, fix, True, "", 100, 1.0, None, skill, original)


def test_what_adam_alone_learns() -> None:
    """The arms are made by hand here: a loss that no rate of SGD brings down takes many steps to show."""
    signs = watched(partial(train, "SGD", 1e-3))
    skill = signs.loss.skill
    assert skill is not None and skill < 0.3
    arms = (
        arm("swap-optimizer", {"optimizer": "Adam", "lr": 1e-3}, 0.9, skill),
        arm("raise-lr", {"factor": 10.0}, 0.12, skill),
        arm("raise-lr", {"factor": 100.0}, -1.0, skill),
        arm("lower-lr", {"factor": 0.1}, 0.0, skill),
    )
    signs = dataclasses.replace(signs, arms=arms, panel_asked=True)
    answer = found(signs, CAUSE)
    assert answer.where is not None and answer.where.line == line_of(train, "loss.backward()")
    assert leads(signs) == CAUSE
    assert 0.12 in [e.value for e in answer.evidence], "the best of the same optimizer's rates stands beside it"


def test_adam_adapts() -> None:
    assert "adapts" in healthy(watched(partial(train, "Adam", 1e-2)), CAUSE).why


def test_without_the_panel_nothing_is_claimed() -> None:
    not_judged(watched(partial(train, "SGD", 1e-3)), CAUSE)


def test_where_adam_does_no_better_it_is_ruled_out() -> None:
    signs = watched(partial(train, "SGD", 0.3), arms=[])
    healthy(signs, CAUSE)


def test_a_rate_that_is_too_low_is_named_before_the_optimizer() -> None:
    """Adam would cure it too; so does the same optimizer at a higher rate, and that is the root."""
    signs = watched(partial(train, "SGD", 3e-3), arms=["raise-lr-100", "swap-optimizer"])
    assert leads(signs) == "lr-too-low"
    answer = found(signs, "lr-too-low")
    assert answer.where is not None and answer.where.line == line_of(train, "loss.backward()")


def test_no_optimizer_no_word() -> None:
    def by_hand() -> None:
        net = Last()
        for x, y in batches(*sums(), 30):
            net.zero_grad()
            F.mse_loss(net(x), y).backward()
            for p in net.parameters():
                assert p.grad is not None
                p.data.add_(p.grad, alpha=-0.3)

    signs = watched(by_hand)
    not_judged(signs, CAUSE)
    calm(signs)
