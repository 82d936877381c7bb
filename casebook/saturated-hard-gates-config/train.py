import json
import os
from pathlib import Path

import torch
from torch import nn

options = json.loads(Path(__file__).with_suffix(".json").read_text())


class SharpGRUCell(nn.Module):
    """A GRU cell whose gates can be made more decided."""

    def __init__(self, n_in, n_hidden, sharpness):
        super().__init__()
        self.gates = nn.Linear(n_in + n_hidden, 2 * n_hidden)
        self.candidate = nn.Linear(n_in + n_hidden, n_hidden)
        self.sharpness = sharpness

    def forward(self, x, h):
        z, r = torch.sigmoid(self.sharpness * self.gates(torch.cat([x, h], 1))).chunk(2, 1)
        n = torch.tanh(self.sharpness * self.candidate(torch.cat([x, r * h], 1)))
        return z * h + (1 - z) * n


class Adder(nn.Module):
    def __init__(self, hidden, sharpness):
        super().__init__()
        self.cell = SharpGRUCell(2, hidden, sharpness)
        self.out = nn.Linear(hidden, 1)
        self.hidden = hidden

    def forward(self, x):
        h = torch.zeros(len(x), self.hidden)
        for t in range(x.shape[1]):
            h = self.cell(x[:, t], h)
        return self.out(h).squeeze(1)


def examples(n, length=10):
    value = torch.randn(n, length)
    sign = torch.randint(0, 2, (n, length)).float() * 2 - 1
    return torch.stack([value, sign], 2), (value * (sign > 0)).sum(1) / 2.2


def main():
    torch.manual_seed(int(os.environ.get("SEED", 0)))
    net = Adder(options["hidden"], options["sharpness"])
    opt = torch.optim.Adam(net.parameters(), lr=options["lr"])
    for i in range(options["steps"]):
        x, y = examples(48)
        loss = (net(x) - y).square().mean()
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        opt.step()
        if i % 100 == 0:
            print(f"{i} {loss.item():.4f}")
    x, y = examples(800)
    with torch.no_grad():
        r2 = 1 - ((net(x) - y).square().mean() / y.var()).item()
    print(f"metric r2 {r2:.4f}")


main()
