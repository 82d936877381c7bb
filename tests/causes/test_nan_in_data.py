from __future__ import annotations

from functools import partial

import pytest
import torch
import torch.nn.functional as F
from harness import found, healthy, leads, line_of, watched
from nets import Last, batches, sums
from torch import Tensor

CAUSE = "nan-in-data"


def train(x: Tensor, y: Tensor) -> None:
    net = Last()
    opt = torch.optim.Adam(net.parameters(), 1e-2)
    for a, b in batches(x, y, 50):
        opt.zero_grad()
        loss = F.mse_loss(net(a), b)
        loss.backward()
        opt.step()


def a_hole_in_the_inputs() -> None:
    x, y = sums()
    x[7, 3, 1] = float("nan")
    train(x, y)


def a_hole_in_the_targets() -> None:
    x, y = sums()
    y[7] = float("inf")
    train(x, y)


def holes_filled() -> None:
    x, y = sums()
    x[7, 3, 1] = float("nan")
    train(torch.nan_to_num(x), y)


def large_but_finite() -> None:
    """A sentinel of -999 is a number: strange, and not this cause."""
    x, y = sums()
    x[7, 3, 1] = -999.0
    train(x, y)


def test_a_hole_in_the_inputs() -> None:
    signs = watched(a_hole_in_the_inputs)
    answer = found(signs, CAUSE)
    assert "feature 1" in answer.summary
    assert answer.where is not None and answer.where.line == line_of(Last, "self.rnn(x)")
    assert leads(signs) == CAUSE
    assert signs.loss.first_bad is not None and answer.since_step == signs.loss.first_bad


def test_a_hole_in_the_targets() -> None:
    answer = found(watched(a_hole_in_the_targets), CAUSE)
    assert "targets" in answer.summary
    assert answer.where is not None and answer.where.line == line_of(train, "F.mse_loss")


def test_whole_data() -> None:
    healthy(watched(partial(train, *sums())), CAUSE)


def test_holes_that_the_script_fills_itself() -> None:
    healthy(watched(holes_filled), CAUSE)


def test_a_sentinel_is_a_number() -> None:
    healthy(watched(large_but_finite), CAUSE)


def one_late(which: str) -> None:
    """One number of one batch, long after batches were captured."""
    net = Last()
    opt = torch.optim.Adam(net.parameters(), 1e-3)
    for number, (x, y) in enumerate(batches(*sums(), 400)):
        x, y = x.clone(), y.clone()
        if number == 373:
            (x if which == "inputs" else y).view(-1)[5] = torch.nan
        opt.zero_grad()
        F.mse_loss(net(x), y).backward()
        opt.step()


@pytest.mark.parametrize("which", ["inputs", "targets"])
def test_one_number_of_a_batch_that_was_not_captured(which: str) -> None:
    signs = watched(lambda: one_late(which), find_nan=True)
    answer = found(signs, CAUSE)
    assert which in answer.summary and answer.since_step == 373
    assert leads(signs) == CAUSE
