from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from harness import calm, found, healthy, leads, line_of, said, watched
from nets import Last, batches, groups, sums

from lossdoctor.words import Finding

CAUSE = "nan-loss"


def log_of_zero() -> None:
    net = Last()
    opt = torch.optim.Adam(net.parameters(), 1e-2)
    for number, (x, y) in enumerate(batches(*sums(), 30)):
        opt.zero_grad()
        share = torch.sigmoid(net(x) * (1 if number < 20 else 1e4))
        wanted = (y > 0).float()
        loss = -(wanted * torch.log(share) + (1 - wanted) * torch.log(1 - share)).mean()
        loss.backward()
        opt.step()


def root_of_zero() -> None:
    """Forward all is finite; the slope of the root at 0 is not, and times 0 it is no number."""
    net = Last()
    opt = torch.optim.SGD(net.parameters(), 1e-2)
    for number, (x, y) in enumerate(batches(*sums(), 30)):
        opt.zero_grad()
        error = (net(x) - y) ** 2
        if number >= 15:
            error = error * 0
        loss = torch.sqrt(error).mean()
        loss.backward()
        opt.step()


def finite() -> None:
    net = Last()
    opt = torch.optim.Adam(net.parameters(), 1e-2)
    for x, y in batches(*sums(), 50):
        opt.zero_grad()
        F.mse_loss(net(x), y).backward()
        opt.step()


def masked_with_infinity() -> None:
    """Scores masked by -inf before a softmax are no fault, as long as one is left."""
    net = Last(outputs=5)
    opt = torch.optim.Adam(net.parameters(), 1e-2)
    mask = torch.tensor([False, False, False, True, True])
    for x, y in batches(*groups(), 60):
        opt.zero_grad()
        F.cross_entropy(net(x).masked_fill(mask, float("-inf")), y).backward()
        opt.step()


def blown_up() -> None:
    """The rate blows it up: the numbers had grown before they broke."""
    net = torch.nn.Linear(12, 1)
    opt = torch.optim.SGD(net.parameters(), 3.0)
    for x, y in batches(*sums(), 120):
        opt.zero_grad()
        F.mse_loss(net(x.flatten(1)), y).backward()
        opt.step()


def test_the_logarithm_of_zero_is_named_with_its_line() -> None:
    signs = watched(log_of_zero, find_nan=True)
    answer = found(signs, CAUSE)
    assert "logarithm" in answer.summary
    assert answer.where is not None and answer.where.line == line_of(log_of_zero, "torch.log(share)")
    assert answer.since_step == 20
    assert leads(signs) == CAUSE


def test_a_slope_that_is_infinite() -> None:
    signs = watched(root_of_zero, find_nan=True)
    answer = found(signs, CAUSE)
    assert answer.since_step == 15, "the loss itself is a number at this step"
    assert "backward" in str(answer.evidence[0].value)
    assert answer.where is not None and answer.where.file == __file__


@pytest.mark.xfail(strict=True, reason="the operation that meets the infinite slope is named, not the root that has it")
def test_the_line_whose_slope_is_infinite() -> None:
    answer = found(watched(root_of_zero, find_nan=True), CAUSE)
    assert answer.where is not None and answer.where.line == line_of(root_of_zero, "torch.sqrt(error)")


def test_without_the_second_look_the_step_is_known() -> None:
    answer = found(watched(log_of_zero), CAUSE)
    assert answer.since_step == 20 and answer.confidence < 0.7


def test_finite_losses() -> None:
    healthy(watched(finite), CAUSE)


def test_infinities_that_are_meant() -> None:
    healthy(watched(masked_with_infinity), CAUSE)


def test_numbers_that_grew_have_another_root() -> None:
    signs = watched(blown_up)
    assert signs.loss.first_bad is not None
    assert not isinstance(said(signs, CAUSE), Finding)
    calm(signs)
