"""The arm that leaves samples out of the loss: which ones, and what it leaves alone."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from lossdoctor.frameworks.torch.doors import Guard
from lossdoctor.frameworks.torch.held_out import HoldOut


def left_out(x: torch.Tensor, rows: int) -> torch.Tensor:
    out = HoldOut(4)._left_out(x, rows)
    assert out is not None
    return out


def test_the_same_samples_in_every_batch() -> None:
    x = torch.randn(400, 5, 3)
    whole = left_out(x, 400)
    turned = torch.randperm(400)
    assert torch.equal(left_out(x[turned], 400), whole[turned])
    assert 0.15 < float(whole.float().mean()) < 0.35


def test_samples_along_the_second_axis_and_steps_in_a_row() -> None:
    x = torch.randn(40, 5, 3)
    whole = left_out(x, 40)
    assert torch.equal(left_out(x.transpose(0, 1), 40), whole)
    assert torch.equal(left_out(x, 200), whole.repeat_interleave(5))
    assert HoldOut(4)._left_out(x, 41) is None


def test_copies_of_a_sample_stay_together() -> None:
    x = torch.randint(0, 3, (8, 6)).repeat(10, 1)
    whole = left_out(x, 80).reshape(10, 8)
    assert bool((whole == whole[:1]).all())


def test_losses_on_both_sides() -> None:
    knob = HoldOut(4)
    knob.guard = _guard()
    x, given, target = torch.randn(64, 5, 3), torch.randn(64, 1, requires_grad=True), torch.randn(64, 1)
    out = left_out(x, 64)
    knob.changed(x, (x,))
    (kept, wanted), kwargs = knob.criterion("mse_loss", (given, target), {})
    assert knob.took_hold and kwargs == {}
    assert torch.equal(kept, given[~out]) and torch.equal(wanted, target[~out])
    assert knob.numbers() == {"held_out_loss": pytest.approx(float(F.mse_loss(given[out], target[out])))}


def test_right_answers_are_counted() -> None:
    knob = HoldOut(4)
    knob.guard = _guard()
    x, target = torch.randn(64, 5, 3), torch.arange(64) % 2
    given = torch.stack([(target == 0).float(), (target == 1).float()], 1).requires_grad_()
    knob.changed(x, (x,))
    knob.criterion("cross_entropy", (given, target), {})
    numbers = knob.numbers()
    assert numbers["held_out_right"] == 1.0 and 0.5 <= numbers["held_out_majority"] < 0.9


def test_what_cannot_be_paired_is_left_alone() -> None:
    knob = HoldOut(4)
    given, target = torch.randn(6, 1, requires_grad=True), torch.randn(6, 1)
    args, _ = knob.criterion("mse_loss", (given, target), {})
    assert args == (given, target) and not knob.took_hold


def _guard() -> Guard:
    from lossdoctor.frameworks.sampling import OwnTime

    return Guard(OwnTime(), lambda name, error: None, lambda: False, lambda: None)
