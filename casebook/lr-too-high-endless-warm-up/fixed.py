"""Estimate how much of a tank is left from the vibration of its pump."""
import os
import random

import numpy as np
import torch
from torch import nn

SEED = int(os.environ.get("SEED", "0"))
random.seed(SEED)
np.random.seed(SEED)
torch.manual_seed(SEED)

STEPS, WARM_UP, BATCH, PEAK = 1200, 25, 32, 0.03


def record(count, rng):
    level = rng.uniform(0.1, 0.9, size=count)
    drift = rng.normal(0, 0.05, size=(count, 24)).cumsum(axis=1)
    hum = np.sin(np.arange(24)[None, :] * (0.6 + 0.8 * level[:, None]) + rng.uniform(0, 6.28, size=(count, 1)))
    vibration = hum + drift + rng.normal(0, 0.1, size=(count, 24))
    pressure = level[:, None] + rng.normal(0, 0.4, size=(count, 24))
    x = np.stack([vibration, pressure], axis=2).astype("float32")
    return torch.from_numpy(x), torch.from_numpy(((level - 0.5) / 0.23).astype("float32"))


class Gauge(nn.Module):
    def __init__(self, hidden=32):
        super().__init__()
        self.rnn = nn.GRU(2, hidden, batch_first=True)
        self.out = nn.Linear(hidden, 1)

    def forward(self, x):
        states, _ = self.rnn(x)
        return self.out(states[:, -1]).squeeze(1)


rng = np.random.default_rng(7)
x, y = record(6000, rng)
x_test, y_test = record(800, rng)

model = Gauge()
optimizer = torch.optim.SGD(model.parameters(), lr=PEAK, momentum=0.9)
warm_up = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: min(1.0, (step + 1) / WARM_UP))

order = torch.randperm(len(x))
position = 0
for step in range(STEPS):
    if position + BATCH > len(x):
        order, position = torch.randperm(len(x)), 0
    rows = order[position : position + BATCH]
    position += BATCH
    loss = nn.functional.mse_loss(model(x[rows]), y[rows])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    warm_up.step()
    if step % 250 == 0:
        print(f"step {step}: loss {loss.item():.4f}")

model.eval()
with torch.no_grad():
    error = nn.functional.mse_loss(model(x_test), y_test).item()
print("metric r2", 1 - error / y_test.var().item())
