import math
import os
from pathlib import Path

import torch
from torch import nn

torch.manual_seed(int(os.environ.get("SEED", 0)))


class WaveModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(input_size=1, hidden_size=24, batch_first=True)
        self.out = nn.Linear(24, 1)

    def forward(self, x):
        y, _ = self.lstm(x)
        return self.out(y)


def waves(n):
    t = torch.arange(31.0)
    period = 8 + 12 * torch.rand(n, 1)
    phase = 2 * math.pi * torch.rand(n, 1)
    wave = torch.sin(2 * math.pi * t / period + phase)
    return wave[:, :-1].unsqueeze(-1), wave[:, 1:].unsqueeze(-1)


model = WaveModel()
weights = Path(__file__).with_suffix(".pt")
model.load_state_dict(torch.load(weights, weights_only=True))
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
mse = nn.MSELoss()

print("continuing from", weights.suffix, "with", sum(p.numel() for p in model.parameters()), "weights")
for step in range(1, 501):
    x, y = waves(32)
    optimizer.zero_grad()
    loss = mse(model(x), y)
    loss.backward()
    optimizer.step()
    if step % 100 == 0:
        print(f"step {step} loss {loss.item():.5f}")

x, y = waves(300)
with torch.no_grad():
    print(f"metric mse {mse(model(x)[:, 10:], y[:, 10:]).item():.5f}")
