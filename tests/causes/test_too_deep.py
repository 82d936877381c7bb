from __future__ import annotations

import torch
import torch.nn.functional as F
from harness import found, healthy, leads, watched
from nets import batches, sums
from torch import Tensor, nn

CAUSE = "too-deep"


class Stack(nn.Module):
    """Many layers in one module, or one module a layer."""

    def __init__(self, layers: int, apart: bool = False) -> None:
        super().__init__()
        self.first = nn.LSTM(2, 12, 1 if apart else layers, batch_first=True)
        self.rest = nn.ModuleList(nn.LSTM(12, 12, batch_first=True) for _ in range(layers - 1 if apart else 0))
        self.head = nn.Linear(12, 1)

    def forward(self, x: Tensor) -> Tensor:
        out, _ = self.first(x)
        for layer in self.rest:
            out, _ = layer(out)
        answer: Tensor = self.head(out[:, -1])
        return answer


def train(net: nn.Module, count: int = 45) -> None:
    opt = torch.optim.Adam(net.parameters(), 1e-2)
    for x, y in batches(*sums(), count):
        opt.zero_grad()
        F.mse_loss(net(x), y).backward()
        opt.step()


def test_eight_layers_where_one_learns() -> None:
    signs = watched(lambda: train(Stack(8)), arms=["shallower", "lower-lr-0.1"])
    arm = signs.arm("shallower")
    assert arm is not None and arm.took_hold and arm.cures
    found(signs, CAUSE)
    assert leads(signs) == CAUSE


def test_layers_kept_apart_hand_their_input_on() -> None:
    signs = watched(lambda: train(Stack(8, apart=True)), arms=["shallower"])
    arm = signs.arm("shallower")
    assert arm is not None and arm.took_hold and arm.cures


def test_one_layer() -> None:
    healthy(watched(lambda: train(Stack(1), 150)), CAUSE)


def test_three_layers_that_learn() -> None:
    healthy(watched(lambda: train(Stack(3), 400)), CAUSE)
