"""Hourly tide gauges, stateful GRU: every batch continues the previous one."""
import json
import os
from pathlib import Path

import numpy as np
import torch
from torch import nn

cfg = json.loads(Path(__file__).resolve().with_suffix(".json").read_text())
seed = int(os.environ.get("SEED", 0))
torch.manual_seed(seed)
rng = np.random.default_rng(seed)


def gauges(count, hours):
    t = np.arange(hours)
    a, b = rng.uniform(0, 6.28, (2, count, 1))
    strength = 1 + 0.4 * np.sin(2 * np.pi * t / 354 + a)
    tide = strength * np.cos(2 * np.pi * t / 12.42 + b) + 0.3 * np.cos(2 * np.pi * t / 23.93 + a)
    return torch.tensor(tide + rng.normal(0, 0.05, tide.shape), dtype=torch.float32)


class TideNet(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.gru = nn.GRU(1, hidden, batch_first=True)
        self.out = nn.Linear(hidden, 1)

    def forward(self, x, state):
        h, state = self.gru(x.unsqueeze(-1), state)
        return self.out(h).squeeze(-1), state


levels = gauges(12, 1400)
train, test = levels[:, :1100], levels[:, 1100:]
lead, chunk = cfg["lead_hours"], cfg["chunk_hours"]
model = TideNet(cfg["hidden"])
optimizer = torch.optim.Adam(model.parameters(), lr=cfg["lr"])

for epoch in range(cfg["epochs"]):
    state, losses, skipped = None, [], 0
    for start in range(0, train.shape[1] - chunk - lead, chunk):
        if state is not None and cfg["truncate"]:
            state = state.detach()
        x = train[:, start : start + chunk]
        y = train[:, start + lead : start + chunk + lead]
        try:
            pred, state = model(x, state)
            loss = nn.functional.mse_loss(pred, y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        except RuntimeError:
            skipped += 1
            continue
        losses.append(loss.item())
    print(f"epoch {epoch:2d} loss {np.mean(losses):.4f} skipped {skipped}")

with torch.no_grad():
    pred, _ = model(test[:, :-lead], None)
    error = (pred - test[:, lead:])[:, 24:]
print(f"metric skill {1 - (error.pow(2).mean() / test.var()).item():.4f}")
