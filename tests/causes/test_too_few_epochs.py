from __future__ import annotations

from functools import partial

import torch
import torch.nn.functional as F
from harness import found, healthy, leads, line_of, not_judged, said, watched
from nets import Last, batches, sums

from lossdoctor.signs.arms import ArmSign
from lossdoctor.words import Finding

CAUSE = "too-few-epochs"


def train(count: int, lr: float = 1e-3, gamma: float = 1.0) -> None:
    net = Last(hidden=24)
    opt = torch.optim.Adam(net.parameters(), lr)
    schedule = torch.optim.lr_scheduler.ExponentialLR(opt, gamma)
    for x, y in batches(*sums(), count, 256):
        opt.zero_grad()
        loss = F.mse_loss(net(x), y)
        loss.backward()
        opt.step()
        schedule.step()


def test_a_run_that_ends_while_it_rises() -> None:
    signs = watched(partial(train, 40), arms=["raise-lr-10"])
    answer = found(signs, CAUSE)
    assert answer.where is not None and answer.where.line == line_of(train, "loss.backward()")
    assert leads(signs) == CAUSE
    assert not isinstance(said(signs, "lr-too-low"), Finding), "its steps are of the usual size"


def test_a_run_that_we_stopped_says_nothing() -> None:
    not_judged(watched(partial(train, 40), how="stopped"), CAUSE)


def test_a_run_that_is_done() -> None:
    healthy(watched(partial(train, 80, 1e-2)), CAUSE)


def test_a_schedule_that_has_ended_does_not_ask_for_more() -> None:
    """The curve still falls a little, and the rate is at its planned end: more epochs would change nothing."""
    signs = watched(partial(train, 60, 1e-3, 0.9))
    assert signs.step.lr_end < 0.05 * signs.step.lr_peak
    assert not isinstance(said(signs, CAUSE), Finding)


def test_a_rate_that_is_too_low_is_not_cured_by_patience() -> None:
    signs = watched(partial(train, 60, 2e-5), arms=["raise-lr-10", "raise-lr-100"])
    assert not isinstance(said(signs, CAUSE), Finding)


def test_what_is_learned_by_heart_asks_for_no_more() -> None:
    signs = watched(partial(train, 40))
    skill = signs.loss.skill
    out = ArmSign("hold-out", "hold-out", {"parts": 4}, "", True, "", 40, 1.0, None, skill, skill, extra={"held_out_skill": 0.0})
    signs.arms = (out,)
    healthy(signs, CAUSE)
