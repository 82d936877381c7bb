from __future__ import annotations

import torch
import torch.nn.functional as F
from harness import calm, found, healthy, leads, said, watched
from nets import Last, batches, sums
from torch import Tensor, nn

from lossdoctor.words import Finding

CAUSE = "wrong-timestep"


class At(nn.Module):
    """Reads its recurrence at one step; time first."""

    def __init__(self, step: int) -> None:
        super().__init__()
        self.rnn, self.head, self.step = nn.LSTM(2, 16), nn.Linear(16, 1), step

    def forward(self, x: Tensor) -> Tensor:
        answer: Tensor = self.head(self.rnn(x)[0][self.step])
        return answer


class Packed(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.emb, self.rnn, self.head = nn.Embedding(6, 8, padding_idx=0), nn.GRU(8, 16, batch_first=True), nn.Linear(16, 5)

    def forward(self, x: Tensor) -> Tensor:
        lengths = (x > 0).sum(1)
        packed = nn.utils.rnn.pack_padded_sequence(self.emb(x), lengths, batch_first=True, enforce_sorted=False)
        answer: Tensor = self.head(self.rnn(packed)[1][0])
        return answer


def regress(net: nn.Module, first: bool) -> None:
    opt = torch.optim.Adam(net.parameters(), 1e-2)
    for x, y in batches(*sums(), 150):
        opt.zero_grad()
        F.mse_loss(net(x.transpose(0, 1) if first else x), y).backward()
        opt.step()


def last_symbol() -> None:
    net = Packed()
    opt = torch.optim.Adam(net.parameters(), 1e-2)
    for _ in range(150):
        lengths = torch.randint(2, 5, (24,))
        x = torch.randint(1, 6, (24, 20)) * (torch.arange(20)[None] < lengths[:, None])
        opt.zero_grad()
        F.cross_entropy(net(x), x[torch.arange(24), lengths - 1] - 1).backward()
        opt.step()


def test_the_first_output_of_a_time_first_layer() -> None:
    signs = watched(lambda: regress(At(0), True))
    answer = found(signs, CAUSE)
    assert answer.evidence[0].value == 0.0
    assert leads(signs) == CAUSE


def test_the_last_output() -> None:
    healthy(watched(lambda: regress(At(-1), True)), CAUSE)


def test_the_first_output_of_a_layer_that_reads_both_ways() -> None:
    class Both(Last):
        def forward(self, x: Tensor) -> Tensor:
            answer: Tensor = self.head(self.rnn(x)[0][:, 0])
            return answer

    healthy(watched(lambda: regress(Both(bidirectional=True), False)), CAUSE)


def test_packed_sequences_end_where_their_padding_begins() -> None:
    signs = watched(last_symbol)
    healthy(signs, CAUSE)
    calm(signs)


def blown_up() -> None:
    """Weights so large that every gate is shut: what the net was told is lost, and not because of the step that is read."""
    net = At(-1)
    for p in net.rnn.parameters():
        p.data.mul_(3000.0)
    opt = torch.optim.SGD(net.parameters(), 1e-3)
    x, y = sums()
    for a, b in batches(x, y, 60):
        opt.zero_grad()
        F.mse_loss(net(a.transpose(0, 1)), b).backward()
        opt.step()


def test_a_net_that_is_blown_up_reads_its_last_step_all_the_same() -> None:
    assert not isinstance(said(watched(blown_up), CAUSE), Finding)
