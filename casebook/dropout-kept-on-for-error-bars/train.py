"""Forecast with error bars: dropout stays on at prediction time and the passes are averaged."""
import os

import numpy as np
import torch
from torch import nn

SEED = int(os.environ.get("SEED", 0))
torch.manual_seed(SEED)
rng = np.random.default_rng(SEED)


class BayesianGRU(nn.Module):
    def __init__(self, hidden=40, p=0.15):
        super().__init__()
        self.gru = nn.GRU(2, hidden, batch_first=True)
        self.dropout = nn.Dropout(p)
        self.out = nn.Linear(hidden, 1)

    def forward(self, x):
        return self.out(self.dropout(self.gru(x)[0][:, -1]))

    @torch.no_grad()
    def predict(self, x, passes=30):
        self.train()
        draws = torch.stack([self(x) for _ in range(passes)])
        return draws.mean(0), draws.std(0)


def ponds(n, days=20):
    """Oxygen in fish ponds: light feeds it, warm water loses it."""
    light = rng.uniform(0, 1, (n, days))
    warmth = np.cumsum(rng.normal(0, 0.3, (n, days)), 1)
    oxygen = np.zeros(n)
    for d in range(days):
        oxygen = 0.7 * oxygen + light[:, d] - 0.3 * np.tanh(warmth[:, d])
    x = torch.tensor(np.stack([light - 0.5, warmth], -1), dtype=torch.float32)
    y = torch.tensor((oxygen - oxygen.mean()) / oxygen.std(), dtype=torch.float32)
    return x, y.unsqueeze(1)


x, y = ponds(1000)
model = BayesianGRU()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
for epoch in range(14):
    model.train()
    for batch in torch.randperm(800).split(32):
        loss = nn.functional.mse_loss(model(x[batch]), y[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if epoch % 4 == 0:
        print(f"epoch {epoch}: {loss.item():.4f}")

mean, spread = model.predict(x[800:])
inside = ((y[800:] - mean).abs() < 2 * spread).float().mean().item()
print(f"inside two spreads: {inside:.2f}")
skill = 1 - ((mean - y[800:]) ** 2).mean().item() / y[800:].var().item()
print(f"metric skill {skill:.4f}")
