"""The arm that puts GRUs in the place of plain recurrent layers: same interface, new parameters for the optimizer."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from lossdoctor.frameworks.torch.net_knobs import GatedCell


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.rnn, self.cell, self.head = nn.RNN(2, 6, 2, batch_first=True), nn.RNNCell(6, 6), nn.Linear(6, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out, _ = self.rnn(x)
        answer: torch.Tensor = self.head(self.cell(out[:, -1]))
        return answer


def test_the_new_cells_are_trained_and_nothing_else_is_drawn() -> None:
    torch.manual_seed(0)
    net = Net()
    opt = torch.optim.Adam(net.parameters(), 1e-2)
    knob, state = GatedCell(), torch.random.get_rng_state()
    knob.first_forward([net])
    assert torch.equal(torch.random.get_rng_state(), state)
    assert type(net.rnn) is nn.GRU and type(net.cell) is nn.GRUCell and net.rnn.num_layers == 2
    before = [p.clone() for p in net.rnn.parameters()]
    F.mse_loss(net(torch.randn(8, 5, 2)), torch.randn(8, 1)).backward()
    knob.before_step(opt)
    opt.step()
    assert knob.took_hold
    assert all(not torch.equal(a, b) for a, b in zip(before, net.rnn.parameters(), strict=True))
    held = {id(p) for g in opt.param_groups for p in g["params"]}
    assert held == {id(p) for p in net.parameters()}


def test_gated_cells_are_left_alone() -> None:
    net = nn.Sequential(nn.LSTM(2, 4))
    knob = GatedCell()
    knob.first_forward([net])
    knob.before_step(torch.optim.SGD(net.parameters(), 0.1))
    assert not knob.took_hold and "plain" in knob.note
