from __future__ import annotations

import copy
from functools import partial

import torch
import torch.nn.functional as F
from harness import calm, found, healthy, leads, line_of, not_judged, said, watched
from nets import Last, batches, sums
from torch import nn

from lossdoctor.words import Finding

CAUSE = "lr-too-low"


def train(lr: float, net: nn.Module | None = None, count: int = 60) -> None:
    net = Last() if net is None else net
    opt = torch.optim.Adam(net.parameters(), lr)
    for x, y in batches(*sums(), count):
        opt.zero_grad()
        loss = F.mse_loss(net(x), y)
        loss.backward()
        opt.step()


def test_a_rate_at_which_nothing_happens() -> None:
    signs = watched(partial(train, 1e-5), arms=["raise-lr-10", "raise-lr-100"])
    assert signs.loss.skill is not None and signs.loss.skill < 0.1
    arm = signs.arm("raise-lr", factor=100.0)
    assert arm is not None and arm.outcome in ("helps", "no difference")


def test_the_rate_that_cures_is_named() -> None:
    signs = watched(partial(train, 1e-4), arms=["raise-lr-10", "raise-lr-100"])
    answer = found(signs, CAUSE)
    assert "100 times too low" in answer.summary
    assert answer.proof == "intervention"
    assert answer.where is not None and answer.where.line == line_of(train, "loss.backward()")
    assert leads(signs) == CAUSE


def test_a_rate_of_zero_needs_no_second_run() -> None:
    signs = watched(partial(train, 0.0))
    answer = found(signs, CAUSE)
    assert answer.proof == "structure"
    assert answer.where is not None and answer.where.line == line_of(train, "loss.backward()")


def test_without_the_panel_nothing_is_claimed() -> None:
    not_judged(watched(partial(train, 1e-4)), CAUSE)


def test_a_rate_that_is_right() -> None:
    healthy(watched(partial(train, 1e-2)), CAUSE)


def test_fine_tuning_goes_slowly_on_purpose() -> None:
    trained = Last()
    train(1e-2, trained)
    signs = watched(lambda: train(1e-5, copy.deepcopy(trained)))
    assert signs.update.ratio() < 1e-3
    calm(signs)
    assert not isinstance(said(signs, CAUSE), Finding)
