import math
import os
from dataclasses import dataclass

import torch
from torch import nn


@dataclass(frozen=True)
class HParams:
    lr: float = 1.0
    hidden: int = 24
    batch_size: int = 32
    steps: int = 600
    window: int = 20


class SineModel(nn.Module):
    def __init__(self, hp):
        super().__init__()
        self.rnn = nn.GRU(1, hp.hidden, batch_first=True)
        self.proj = nn.Linear(hp.hidden, 1)

    def forward(self, x):
        y, _ = self.rnn(x)
        return torch.tanh(self.proj(y[:, -1]))


def get_batch(hp, n):
    t = torch.arange(hp.window + 1.0)
    w = 0.3 + 0.2 * torch.rand(n, 1)
    s = 0.8 * torch.sin(w * t + 2 * math.pi * torch.rand(n, 1))
    return s[:, :-1, None], s[:, -1:]


hp = HParams()
torch.manual_seed(int(os.environ.get("SEED", 0)))
model = SineModel(hp)
sgd = torch.optim.SGD(model.parameters(), lr=hp.lr)
for step in range(hp.steps):
    x, y = get_batch(hp, hp.batch_size)
    loss = nn.functional.mse_loss(model(x), y)
    sgd.zero_grad()
    loss.backward()
    sgd.step()
    if step % 100 == 0:
        print(f"{step} {loss.item():.5f}")
x, y = get_batch(hp, 500)
with torch.no_grad():
    print(f"metric mse {nn.functional.mse_loss(model(x), y).item():.5f}")
