from __future__ import annotations

import torch
import torch.nn.functional as F
from harness import calm, found, healthy, leads, watched
from nets import batches, sums
from torch import Tensor, nn

CAUSE = "axes-mixed"


class TwoLayers(nn.Module):
    """Reads the states of both layers; `view` cuts (layers, batch, hidden) anew instead of moving its axes."""

    def __init__(self, view: bool) -> None:
        super().__init__()
        self.rnn, self.head = nn.GRU(2, 12, 2, batch_first=True), nn.Linear(24, 1)
        self.view = view

    def forward(self, x: Tensor) -> Tensor:
        h = self.rnn(x)[1]
        both = h.reshape(len(x), -1) if self.view else h.transpose(0, 1).flatten(1)
        answer: Tensor = self.head(both)
        return answer


class ChannelsFirst(nn.Module):
    """Data as (batch, sensors, time), for a recurrence over time."""

    def __init__(self, view: bool, steps: int = 6, sensors: int = 4) -> None:
        super().__init__()
        self.rnn, self.head = nn.GRU(sensors, 16, batch_first=True), nn.Linear(16, 1)
        self.view, self.steps, self.sensors = view, steps, sensors

    def forward(self, x: Tensor) -> Tensor:
        turned = x.view(len(x), self.steps, self.sensors) if self.view else x.transpose(1, 2)
        answer: Tensor = self.head(self.rnn(turned)[0][:, -1])
        return answer


class Tagger(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.emb, self.rnn, self.head = nn.Embedding(5, 8), nn.GRU(8, 16), nn.Linear(16, 5)

    def forward(self, x: Tensor) -> Tensor:
        answer: Tensor = self.head(self.rnn(self.emb(x.t()))[0])
        return answer


def regress(net: nn.Module, turned: bool = False, count: int = 150) -> None:
    opt = torch.optim.Adam(net.parameters(), 1e-2)
    x, y = sums(features=4 if turned else 2)
    for a, b in batches(x, y, count):
        opt.zero_grad()
        F.mse_loss(net(a.transpose(1, 2).contiguous() if turned else a), b).backward()
        opt.step()


def tag(right: bool) -> None:
    """Outputs (time, batch, classes) flattened beside targets (batch, time)."""
    net = Tagger()
    opt = torch.optim.Adam(net.parameters(), 1e-2)
    for _ in range(120):
        x = torch.randint(0, 5, (16, 9))
        y = (x + 1) % 5
        opt.zero_grad()
        F.cross_entropy(net(x).reshape(-1, 5), (y.t() if right else y).reshape(-1)).backward()
        opt.step()


def test_states_of_two_layers_cut_across_the_batch() -> None:
    signs = watched(lambda: regress(TwoLayers(view=True)))
    found(signs, CAUSE)
    assert leads(signs) == CAUSE


def test_states_of_two_layers_side_by_side() -> None:
    healthy(watched(lambda: regress(TwoLayers(view=False))), CAUSE)


def test_a_view_in_the_place_of_a_transpose() -> None:
    answer = found(watched(lambda: regress(ChannelsFirst(view=True), True, 60)), CAUSE, "warning")
    assert "cut anew" in answer.summary


def test_a_transpose() -> None:
    healthy(watched(lambda: regress(ChannelsFirst(view=False), True)), CAUSE)


def test_answers_beside_the_targets_of_others() -> None:
    answer = found(watched(lambda: tag(right=False)), CAUSE)
    assert "flattened" in answer.summary


def test_both_flattened_alike() -> None:
    signs = watched(lambda: tag(right=True))
    assert signs.loss.skill is not None and signs.loss.skill > 0.8
    calm(signs)


class Stepwise(nn.Module):
    """An output for each step, targets flattened: shapes do not tell which axis is the batch."""

    def __init__(self, mixed: bool) -> None:
        super().__init__()
        self.emb, self.rnn, self.head = nn.Embedding(9, 8), nn.GRU(8, 16, batch_first=True), nn.Linear(16, 9)
        self.mixed = mixed

    def forward(self, x: Tensor) -> Tensor:
        e = self.emb(x)
        if self.mixed:
            e = e.reshape(e.shape[1], e.shape[0], -1).transpose(0, 1)
        answer: Tensor = self.head(self.rnn(e)[0])
        return answer


def stepwise(mixed: bool) -> None:
    net = Stepwise(mixed)
    opt = torch.optim.Adam(net.parameters(), 1e-2)
    made = torch.Generator().manual_seed(5)
    for _ in range(120):
        x = torch.randint(0, 9, (32, 5), generator=made)
        opt.zero_grad()
        F.cross_entropy(net(x).reshape(-1, 9), x.roll(1, 1).reshape(-1)).backward()
        opt.step()


def test_a_reshape_across_the_batch_with_flat_targets() -> None:
    signs = watched(lambda: stepwise(True))
    found(signs, CAUSE)
    assert leads(signs) == CAUSE


def test_flat_targets_and_axes_in_their_places() -> None:
    healthy(watched(lambda: stepwise(False)), CAUSE)
