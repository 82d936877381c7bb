from __future__ import annotations

import torch
import torch.nn.functional as F
from harness import calm, found, healthy, leads, line_of, said, watched
from nets import Last, batches, sums
from torch import Tensor, nn

from lossdoctor.words import Finding

CAUSE = "dead-relu"


class Deep(nn.Module):
    def __init__(self, bias: float, wide: int = 16) -> None:
        super().__init__()
        self.rnn = nn.GRU(2, 16, batch_first=True)
        self.wide = nn.Linear(16, wide)
        self.act = nn.ReLU()
        self.head = nn.Linear(wide, 1)
        nn.init.constant_(self.wide.bias, bias)

    def forward(self, x: Tensor) -> Tensor:
        out, _ = self.rnn(x)
        answer: Tensor = self.head(self.act(self.wide(out[:, -1])))
        return answer


def train(net: nn.Module, count: int = 80) -> None:
    opt = torch.optim.Adam(net.parameters(), 1e-2)
    for x, y in batches(*sums(), count):
        opt.zero_grad()
        loss = F.mse_loss(net(x), y)
        loss.backward()
        opt.step()


def all_dead() -> None:
    train(Deep(-20.0))


def alive() -> None:
    train(Deep(0.1))


def sparse() -> None:
    """Most of its units are silent on whole batches, and it learns with the rest."""
    net = Deep(0.1, 64)
    with torch.no_grad():
        net.wide.bias[:48] = -20.0
    train(net, 120)


def zero_heavy_targets() -> None:
    """A ReLU on the output answers 0 to most samples, since most targets are 0."""
    net = nn.Sequential(Last(), nn.ReLU())
    opt = torch.optim.Adam(net.parameters(), 2e-2)
    x, y = sums()
    for a, b in batches(x, (y - 0.5).clamp_min(0), 150):
        opt.zero_grad()
        F.mse_loss(net(a), b).backward()
        opt.step()


def test_units_that_are_silent_from_the_start() -> None:
    signs = watched(all_dead)
    answer = found(signs, CAUSE)
    assert answer.where is not None and answer.where.line == line_of(train, "F.mse_loss")
    assert leads(signs) == CAUSE
    assert answer.evidence[0].value == 1.0


def test_units_that_are_alive() -> None:
    healthy(watched(alive), CAUSE)


def test_sparse_units_of_a_net_that_learns() -> None:
    assert "sparse" in healthy(watched(sparse), CAUSE).why


def test_an_output_that_is_rightly_zero() -> None:
    signs = watched(zero_heavy_targets)
    assert not isinstance(said(signs, CAUSE), Finding)
    calm(signs)
