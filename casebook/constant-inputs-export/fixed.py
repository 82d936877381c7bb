import os
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import nn

torch.manual_seed(int(os.environ.get("SEED", 0)))

LOOKBACK = 10
BATCH = 32


class LatencyModel(nn.Module):
    def __init__(self, n_inputs, hidden_size=24):
        super().__init__()
        self.gru = nn.GRU(n_inputs, hidden_size, batch_first=True)
        self.head = nn.Linear(hidden_size, 1)

    def forward(self, x):
        _, last = self.gru(x)
        return self.head(last[0]).squeeze(-1)


def load(path):
    frame = pd.read_csv(path)
    x = frame[["cpu", "memory"]].to_numpy(np.float32) * 2 - 0.5
    y = frame["latency"].to_numpy(np.float32)
    x = np.lib.stride_tricks.sliding_window_view(x, LOOKBACK, axis=0).swapaxes(1, 2)
    return torch.from_numpy(x.copy()), torch.from_numpy(y[LOOKBACK - 1 :])


def train(model, x, y, epochs):
    optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
    for epoch in range(1, epochs + 1):
        losses = []
        for rows in torch.randperm(len(x)).split(BATCH):
            loss = nn.functional.mse_loss(model(x[rows]), y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        print(f"epoch {epoch:2d}  mse {np.mean(losses):.4f}")


x, y = load(Path(__file__).with_suffix(".csv"))
cut = int(len(x) * 0.8)
model = LatencyModel(2)
train(model, x[:cut], y[:cut], epochs=14)
with torch.no_grad():
    r2 = 1 - nn.functional.mse_loss(model(x[cut:]), y[cut:]) / y[cut:].var()
print("metric r2", r2.item())
