from __future__ import annotations

from functools import partial

import torch
import torch.nn.functional as F
from harness import found, healthy, line_of, said, watched
from nets import Last, batches, sums
from torch import nn

from lossdoctor.words import Finding

CAUSE = "saturated-activations"


def train(net: nn.Module, lr: float = 1e-2, count: int = 60, scale: float = 1.0) -> None:
    opt = torch.optim.Adam(net.parameters(), lr)
    x, y = sums()
    for a, b in batches(x * scale, y, count):
        opt.zero_grad()
        F.mse_loss(net(a), b).backward()
        opt.step()


def gates_shut_by_their_bias() -> None:
    """Update gates held open and candidates at their ends: the bias carries the pre-activations."""
    net = Last(cell="lstm")
    nn.init.constant_(net.rnn.bias_ih_l0, -12.0)
    train(net)


def usual() -> None:
    train(Last())


def gates_that_learned_to_close() -> None:
    """The sign of the first input, kept: gates near their ends, in a net that has learned."""
    net = Last(hidden=8, cell="lstm")
    with torch.no_grad():
        net.rnn.weight_ih_l0.mul_(12)
    opt = torch.optim.Adam(net.parameters(), 2e-2)
    x, _ = sums()
    for a, b in batches(x, x[:, -1, :1].sign(), 150):
        opt.zero_grad()
        F.mse_loss(net(a), b).backward()
        opt.step()


def raw_inputs() -> None:
    train(Last(), 1e-2, 60, 300.0)


def test_gates_at_their_ends_from_the_start() -> None:
    signs = watched(gates_shut_by_their_bias)
    answer = found(signs, CAUSE)
    assert "driven by the bias" in answer.summary
    assert answer.where is not None and answer.where.line == line_of(Last, "self.rnn(x)")
    assert signs.time.saturated() > 0.9


def test_gates_at_the_usual_start() -> None:
    healthy(watched(usual), CAUSE)


def test_gates_near_their_ends_in_a_net_that_has_learned() -> None:
    signs = watched(gates_that_learned_to_close)
    assert signs.loss.skill is not None and signs.loss.skill > 0.8
    healthy(signs, CAUSE)


def test_saturated_by_raw_inputs_is_a_consequence() -> None:
    signs = watched(partial(raw_inputs))
    assert signs.time.saturated() > 0.5
    assert not isinstance(said(signs, CAUSE), Finding)
