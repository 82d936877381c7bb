from __future__ import annotations

import torch
import torch.nn.functional as F
from harness import calm, found, healthy, leads, line_of, watched
from nets import Last, batches, sums
from torch.optim import lr_scheduler

CAUSE = "scheduler-kills-lr"


def stepped_per_batch() -> None:
    net = Last()
    opt = torch.optim.Adam(net.parameters(), 1e-2)
    schedule = lr_scheduler.StepLR(opt, step_size=1, gamma=0.5)
    for x, y in batches(*sums(), 60):
        opt.zero_grad()
        F.mse_loss(net(x), y).backward()
        opt.step()
        schedule.step()


def constant() -> None:
    net = Last()
    opt = torch.optim.Adam(net.parameters(), 1e-2)
    for x, y in batches(*sums(), 60):
        opt.zero_grad()
        F.mse_loss(net(x), y).backward()
        opt.step()


def planned_end() -> None:
    net = Last()
    opt = torch.optim.Adam(net.parameters(), 2e-2)
    schedule = lr_scheduler.CosineAnnealingLR(opt, T_max=80)
    for x, y in batches(*sums(), 80):
        opt.zero_grad()
        F.mse_loss(net(x), y).backward()
        opt.step()
        schedule.step()


def one_cycle() -> None:
    """It begins at a twenty-fifth of its peak, and ends at nothing."""
    net = Last()
    opt = torch.optim.Adam(net.parameters(), 1e-3)
    schedule = lr_scheduler.OneCycleLR(opt, max_lr=2e-2, total_steps=80)
    for x, y in batches(*sums(), 80):
        opt.zero_grad()
        F.mse_loss(net(x), y).backward()
        opt.step()
        schedule.step()


def nothing_to_learn() -> None:
    """Targets without any relation to the inputs: the rate falls, and held it would be no better."""
    torch.manual_seed(3)
    x, y = torch.randn(256, 6, 2), torch.randn(256, 1)
    net = Last()
    opt = torch.optim.Adam(net.parameters(), 1e-2)
    schedule = lr_scheduler.ExponentialLR(opt, 0.8)
    for a, b in batches(x, y, 60):
        opt.zero_grad()
        F.mse_loss(net(a), b).backward()
        opt.step()
        schedule.step()


def test_a_schedule_stepped_per_batch() -> None:
    signs = watched(stepped_per_batch, arms=["drop-scheduler"])
    answer = found(signs, CAUSE)
    assert "StepLR" in answer.summary and answer.proof == "intervention"
    assert answer.since_step == 7, "0.5 ** 7 is the first below a hundredth"
    assert answer.where is not None and answer.where.line == line_of(stepped_per_batch, "schedule.step()")
    assert leads(signs) == CAUSE


def test_without_the_panel_it_is_a_suspicion() -> None:
    found(watched(stepped_per_batch), CAUSE, severity="warning")


def test_a_constant_rate() -> None:
    assert "stayed" in healthy(watched(constant), CAUSE).why


def test_a_planned_end() -> None:
    healthy(watched(planned_end), CAUSE)


def test_one_cycle_up_and_down() -> None:
    healthy(watched(one_cycle), CAUSE)


def test_where_the_held_rate_does_no_better_it_is_ruled_out() -> None:
    signs = watched(nothing_to_learn, arms=["drop-scheduler"])
    healthy(signs, CAUSE)
    calm(signs)
