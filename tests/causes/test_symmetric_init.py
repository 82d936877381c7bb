from __future__ import annotations

from functools import partial

import pytest
import torch
import torch.nn.functional as F
from fits import Reader, fit
from harness import examined, found, healthy, leads, line_of, watched
from nets import Last, batches, sums
from torch import nn

CAUSE = "symmetric-init"


def train(net: nn.Module, lr: float = 1e-2, count: int = 60) -> None:
    opt = torch.optim.Adam(net.parameters(), lr)
    for x, y in batches(*sums(), count):
        opt.zero_grad()
        F.mse_loss(net(x), y).backward()
        opt.step()


def all_zeros() -> None:
    net = Last(cell="lstm")
    for p in net.parameters():
        nn.init.zeros_(p)
    train(net)


def one_constant(value: float) -> None:
    net = Last(cell="lstm")
    for p in net.rnn.parameters():
        nn.init.constant_(p, value)
    nn.init.constant_(net.head.weight, value)
    train(net, 1e-3)


def usual() -> None:
    train(Last(cell="lstm"), 2e-2)


def zero_head_and_biases() -> None:
    """A head of zeros and biases of zeros break symmetry in one step."""
    net = Last(cell="lstm")
    nn.init.zeros_(net.head.weight)
    for name, p in net.named_parameters():
        if "bias" in name:
            nn.init.zeros_(p)
    train(net, 2e-2)


def identity_recurrence() -> None:
    net = Last(cell="rnn", nonlinearity="relu")
    nn.init.eye_(net.rnn.weight_hh_l0)
    train(net)


def test_weights_of_zeros() -> None:
    signs = watched(all_zeros)
    answer = found(signs, CAUSE)
    assert "zeros" in answer.summary
    assert answer.where is not None and answer.where.line == line_of(Last, "self.rnn(x)")
    assert leads(signs) == CAUSE


def test_weights_of_one_constant_with_their_arm() -> None:
    signs = watched(partial(one_constant, 0.125), arms=["reinit"])
    answer = found(signs, CAUSE)
    assert "constant 0.125" in answer.summary
    assert leads(signs) == CAUSE


@pytest.mark.xfail(strict=True, reason="the deviation of equal float32 numbers is not exactly 0, and the bound is absolute")
def test_a_constant_that_is_no_power_of_two() -> None:
    assert "constant 0.1" in found(watched(partial(one_constant, 0.1)), CAUSE).summary


def test_the_usual_start() -> None:
    healthy(watched(usual), CAUSE)


def test_zeros_where_they_do_no_harm() -> None:
    healthy(watched(zero_head_and_biases), CAUSE)


def test_an_identity_recurrence_has_different_units() -> None:
    healthy(watched(identity_recurrence), CAUSE)


def an_embedding_of_zeros() -> None:
    net = Reader(9, 3)
    for p in net.parameters():
        nn.init.zeros_(p)
    x = torch.randint(0, 9, (320, 6), generator=torch.Generator().manual_seed(4))
    fit(x, x[:, 2] % 3, net=net)


def test_an_embedding_that_starts_at_zero_is_no_silenced_input() -> None:
    signs = watched(an_embedding_of_zeros)
    assert leads(signs) == CAUSE
    assert not [f for f in examined(signs).findings if f.cause == "constant-inputs"]
