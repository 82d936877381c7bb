from __future__ import annotations

import dataclasses

import pytest
import torch
import torch.nn.functional as F
from harness import calm, found, healthy, leads, line_of, not_judged, said, watched
from nets import Last, batches, sums

from lossdoctor.signs.arms import ArmSign
from lossdoctor.words import Finding

CAUSE = "vanishing-gradients"


def recall(steps: int, count: int = 60, lr: float = 1e-2) -> None:
    """The first of `steps` values is to be told at the end."""
    net = Last(cell="lstm")
    opt = torch.optim.Adam(net.parameters(), lr)
    x, _ = sums(steps=steps)
    for a, b in batches(x, x[:, 0, :1].clone(), count):
        opt.zero_grad()
        F.mse_loss(net(a), b).backward()
        opt.step()


def needs_the_last_steps() -> None:
    """Thirty steps, of which only the last four matter: a short memory is enough."""
    net = Last(cell="lstm")
    opt = torch.optim.Adam(net.parameters(), 1e-4)
    x, _ = sums(steps=30)
    y = x[:, -4:, :1].sum(1)
    for a, b in batches(x, y, 60):
        opt.zero_grad()
        F.mse_loss(net(a), b).backward()
        opt.step()


def learned() -> None:
    net = Last(cell="lstm")
    opt = torch.optim.Adam(net.parameters(), 2e-2)
    x, _ = sums(steps=30)
    y = x[:, -3:, :1].sum(1)
    for a, b in batches(x, y, 80):
        opt.zero_grad()
        F.mse_loss(net(a), b).backward()
        opt.step()


def a_few_steps() -> None:
    recall(4)


def what_if(signs_skill: float, chrono: float, plain: float) -> tuple[ArmSign, ...]:
    def arm(args: dict[str, object], title: str, skill: float) -> ArmSign:
        return ArmSign("reinit", "reinit", args, title, True, "", 60, 1.0, None, skill, signs_skill)

    return arm({"chrono": 30.0, "keep": True}, "chrono", chrono), arm({"how": "standard"}, "default", plain)


def test_what_matters_lies_beyond_the_horizon() -> None:
    """No threshold on a gradient alone: the ridge finds the target where the gradient does not reach."""
    signs = watched(lambda: recall(30))
    answer = found(signs, CAUSE)
    assert answer.proof == "bound"
    assert answer.where is not None and answer.where.line == line_of(Last, "self.rnn(x)")
    assert leads(signs) == CAUSE
    horizon, lag = (e.value for e in answer.evidence[:2])
    assert isinstance(horizon, float) and isinstance(lag, int) and lag > horizon


def test_gates_made_for_long_memory_prove_it() -> None:
    """These arms take hundreds of steps to show, so they are made by hand."""
    signs = watched(lambda: recall(30))
    skill = signs.loss.skill
    assert skill is not None
    signs = dataclasses.replace(signs, arms=what_if(skill, 0.95, 0.02), panel_asked=True, _memo={})
    assert found(signs, CAUSE).proof == "intervention"


@pytest.mark.xfail(strict=True, reason="a memory arm leads though plain new weights do as well and the target lies within reach")
def test_where_default_weights_do_as_well_memory_is_not_the_cause() -> None:
    signs = watched(needs_the_last_steps)
    skill = signs.loss.skill
    assert skill is not None
    signs = dataclasses.replace(signs, arms=what_if(skill, 0.9, 0.9), panel_asked=True, _memo={})
    assert not isinstance(said(signs, CAUSE), Finding)


def test_a_short_horizon_is_no_fault_where_the_target_is_near() -> None:
    """Every LSTM begins with a memory of a few steps; what this target hangs on lies within it."""
    signs = watched(needs_the_last_steps)
    assert signs.time.horizon() < 25
    assert "within the horizon" in healthy(signs, CAUSE).why
    calm(signs)


def test_a_run_that_learns() -> None:
    assert "the run learns" in healthy(watched(learned), CAUSE).why


def test_a_few_steps_have_nothing_to_vanish_over() -> None:
    not_judged(watched(a_few_steps), CAUSE)
