from __future__ import annotations

import torch
import torch.nn.functional as F
from harness import found, healthy, leads, line_of, watched
from nets import Last, batches, sums
from torch import Tensor, nn

CAUSE = "batch-first-mismatch"


class TimeFirst(nn.Module):
    """Its recurrence takes the first axis for time; `turn` gives it what it wants."""

    def __init__(self, turn: bool, norm: bool = False) -> None:
        super().__init__()
        self.rnn = nn.GRU(2, 16)
        self.norm = nn.BatchNorm1d(16) if norm else nn.Identity()
        self.head = nn.Linear(16, 1)
        self.turn = turn

    def forward(self, x: Tensor) -> Tensor:
        if self.turn:
            out, _ = self.rnn(x.transpose(0, 1))
            last = out[-1]
        else:
            out, _ = self.rnn(x)
            last = out[:, -1]
        answer: Tensor = self.head(self.norm(last))
        return answer


def train(net: nn.Module, count: int = 50) -> None:
    opt = torch.optim.Adam(net.parameters(), 1e-2)
    x, y = sums()
    for a, b in batches(x, x[:, 0, :1] + 0.3 * y, count):
        opt.zero_grad()
        F.mse_loss(net(a), b).backward()
        opt.step()


def swapped() -> None:
    train(TimeFirst(turn=False))


def batch_first() -> None:
    train(Last(), 100)


def time_major() -> None:
    """The data themselves come with time first, and the recurrence wants it so."""
    net = nn.GRU(2, 16)
    head = nn.Linear(16, 1)
    opt = torch.optim.Adam([*net.parameters(), *head.parameters()], 1e-2)
    for x, y in batches(*sums(), 60):
        out, _ = net(x.transpose(0, 1).contiguous())
        opt.zero_grad()
        F.mse_loss(head(out[-1]), y).backward()
        opt.step()


def norm_over_the_batch() -> None:
    """In training mode a batch norm mixes all samples of a batch: that is no swapped axis."""
    train(TimeFirst(turn=True, norm=True), 100)


def as_many_steps_as_samples() -> None:
    """Six samples of six steps: no shape can tell the axes apart."""
    net = TimeFirst(turn=False)
    opt = torch.optim.Adam(net.parameters(), 1e-2)
    for x, y in batches(*sums(), 60, 6):
        opt.zero_grad()
        F.mse_loss(net(x), y).backward()
        opt.step()


def test_the_recurrence_runs_over_the_batch() -> None:
    signs = watched(swapped)
    answer = found(signs, CAUSE)
    assert answer.where is not None and answer.where.line == line_of(TimeFirst, "self.rnn(x)\n")
    assert leads(signs) == CAUSE
    assert signs.time.dependence is not None and signs.time.dependence.numbers["cross"] > 0


def test_shapes_that_do_not_tell() -> None:
    found(watched(as_many_steps_as_samples), CAUSE)


def test_batch_first_as_the_data_are() -> None:
    assert "no other sample" in healthy(watched(batch_first), CAUSE).why


def test_time_major_data() -> None:
    healthy(watched(time_major), CAUSE)


def test_a_batch_norm_mixes_samples_and_swaps_nothing() -> None:
    healthy(watched(norm_over_the_batch), CAUSE)
