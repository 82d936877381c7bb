from __future__ import annotations

import torch
import torch.nn.functional as F
from harness import calm, examined, found, healthy, leads, watched
from torch import Tensor, nn

CAUSE = "capacity-too-small"
SYMBOLS = 10


class Echo(nn.Module):
    """The symbol before the last one, at each step."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.hidden_size = hidden
        self.emb = nn.Embedding(SYMBOLS, 12)
        self.rnn = nn.GRU(12, hidden, batch_first=True)
        self.norm = nn.LayerNorm(hidden)
        self.head = nn.Linear(hidden, SYMBOLS)

    def forward(self, x: Tensor) -> Tensor:
        start = torch.zeros(1, len(x), self.hidden_size)
        answer: Tensor = self.head(self.norm(self.rnn(self.emb(x), start)[0]))
        return answer


def train(net: nn.Module, lr: float = 1e-2, steps: int = 260) -> None:
    opt = torch.optim.Adam(net.parameters(), lr)
    for _ in range(steps):
        x = torch.randint(0, SYMBOLS, (24, 8))
        y = torch.cat([torch.zeros(24, 1, dtype=torch.long), x[:, :-1]], 1)
        opt.zero_grad()
        F.cross_entropy(net(x).transpose(1, 2), y).backward()
        opt.step()


def test_one_unit_cannot_hold_ten_symbols() -> None:
    signs = watched(lambda: train(Echo(1)), arms=["widen", "raise-lr-10", "lower-lr-0.1"])
    arm = signs.arm("widen")
    assert arm is not None and arm.took_hold and arm.cures
    assert found(signs, CAUSE).proof == "intervention"
    assert leads(signs) == CAUSE


def test_units_enough() -> None:
    healthy(watched(lambda: train(Echo(24))), CAUSE)


def test_a_wide_net_too_slow_to_be_called_narrow() -> None:
    signs = watched(lambda: train(Echo(24), 1e-3, 120), arms=["widen", "raise-lr-10"])
    assert not [f for f in examined(signs).findings if f.cause == CAUSE]


def test_a_net_of_three_units_that_suffices() -> None:
    class Small(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rnn, self.head = nn.GRU(1, 3, batch_first=True), nn.Linear(3, 1)

        def forward(self, x: Tensor) -> Tensor:
            answer: Tensor = self.head(self.rnn(x)[0][:, -1])
            return answer

    def loop() -> None:
        net = Small()
        opt = torch.optim.Adam(net.parameters(), 2e-2)
        for _ in range(200):
            x = torch.randn(32, 5, 1)
            opt.zero_grad()
            F.mse_loss(net(x), x[:, -1]).backward()
            opt.step()

    signs = watched(loop)
    healthy(signs, CAUSE)
    calm(signs)


def in_pieces(hidden: int) -> None:
    """The same net as a script writes it that calls its layers one after another."""
    emb, rnn, head = nn.Embedding(SYMBOLS, 12), nn.GRU(12, hidden, batch_first=True), nn.Linear(hidden, SYMBOLS)
    parts = nn.ModuleList([emb, rnn, head])
    opt = torch.optim.Adam(parts.parameters(), 1e-2)
    for _ in range(260):
        x = torch.randint(0, SYMBOLS, (24, 8))
        y = torch.cat([torch.zeros(24, 1, dtype=torch.long), x[:, :-1]], 1)
        loss = F.cross_entropy(head(rnn(emb(x))[0]).flatten(0, 1), y.flatten())
        opt.zero_grad()
        loss.backward()
        opt.step()


def test_a_net_in_pieces_is_rebuilt_too() -> None:
    signs = watched(lambda: in_pieces(1), arms=["widen", "raise-lr-10", "lower-lr-0.1"])
    arm = signs.arm("widen")
    assert arm is not None and arm.took_hold and arm.cures, arm
    assert leads(signs) == CAUSE


def test_cells_in_a_list_are_widened_with_what_reads_them() -> None:
    from lossdoctor.frameworks.torch.widening import widen

    class Cells(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.hidden = 2
            self.cells = nn.ModuleList([nn.LSTMCell(1, 2), nn.LSTMCell(2, 2)])
            self.readout = nn.Linear(2, 1)

        def forward(self, x: Tensor) -> Tensor:
            states = [(x.new_zeros(len(x), self.hidden),) * 2 for _ in self.cells]
            signal = x
            for t in range(x.shape[1]):
                signal = x[:, t]
                for k, cell in enumerate(self.cells):
                    states[k] = cell(signal, states[k])
                    signal = states[k][0]
            answer: Tensor = self.readout(signal)
            return answer

    net = Cells()
    assert len(widen(net, 4, 8, "all")) == 10
    assert net(torch.randn(3, 5, 1)).shape == (3, 1) and net.readout.in_features == 8
