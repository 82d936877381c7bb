import os
import math

import torch
from torch import nn

torch.manual_seed(int(os.environ.get("SEED", 0)))


class DensityRNN(nn.Module):
    """Mean and log standard deviation of the next value."""

    def __init__(self, hidden=32):
        super().__init__()
        self.rnn = nn.GRU(1, hidden, batch_first=True)
        self.mu = nn.Linear(hidden, 1)
        self.log_sigma = nn.Linear(hidden, 1)

    def forward(self, x):
        out, _ = self.rnn(x)
        return self.mu(out), self.log_sigma(out).clamp(-6, 3)


def negative_log_density(mu, log_sigma, target):
    z = (target - mu) * torch.exp(-log_sigma)
    return (0.5 * z**2 + log_sigma + 0.5 * math.log(2 * math.pi)).mean()


def waves(n, steps=30):
    t = torch.arange(steps + 1.0)
    phase = 2 * math.pi * torch.rand(n, 1)
    period = 8 + 8 * torch.rand(n, 1)
    x = 0.5 * torch.sin(2 * math.pi * t / period + phase) + 0.01 * torch.randn(n, steps + 1)
    return x[:, :-1, None], x[:, 1:, None]


model = DensityRNN()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
for step in range(400):
    x, y = waves(32)
    loss = negative_log_density(*model(x), y)
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    if step % 50 == 0:
        print(f"{step:4d} {loss.item():8.4f}")

x, y = waves(200)
with torch.no_grad():
    nll = negative_log_density(*model(x), y).item()
print("metric nll", nll)
