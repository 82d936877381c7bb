"""Probabilistic forecast: the next value of a noisy oscillator as a Gaussian with mean and scale."""
from __future__ import annotations

import math
import os

import torch
from torch import nn
from torch.distributions import Normal

torch.manual_seed(int(os.environ.get("SEED", 0)))


def oscillators(n: int, steps: int = 30) -> torch.Tensor:
    """AR(2) series, shape (n, steps + 1)."""
    x = torch.zeros(n, steps + 21)
    for t in range(2, x.shape[1]):
        x[:, t] = 1.75 * x[:, t - 1] - 0.9 * x[:, t - 2] + 0.1 * torch.randn(n)
    return x[:, 20:]


class GaussianRNN(nn.Module):
    def __init__(self, hidden: int = 24):
        super().__init__()
        self.rnn = nn.GRU(1, hidden, num_layers=1, batch_first=True)
        self.mean = nn.Linear(hidden, 1)
        self.log_scale = nn.Linear(hidden, 1)

    def forward(self, x: torch.Tensor) -> Normal:
        h, _ = self.rnn(x)
        return Normal(self.mean(h), self.log_scale(h).clamp(-5, 2).exp())


SCALE = 4.0
train, test = oscillators(400) * SCALE / 4, oscillators(100) * SCALE / 4
model = GaussianRNN()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)

for epoch in range(16):
    for batch in train[torch.randperm(len(train))].split(20):
        x, y = batch[:, :-1, None], batch[:, 1:, None]
        dist = model(x)
        loss = dist.log_prob(y).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if epoch % 3 == 0:
        print(f"epoch {epoch:2d}  {loss.item():+.4f}")

with torch.no_grad():
    dist = model(test[:, :-1, None])
    error = (dist.mean - test[:, 1:, None])[:, 5:]
    rmse = error.pow(2).mean().sqrt().item()
    sharp = dist.scale[:, 5:].mean().item()
print(f"mean scale {sharp:.3f}, ideal 0.100")
print(f"metric rmse {rmse:.4f}")
