import os
from pathlib import Path

import numpy as np
import pandas as pd
import torch
import torch.nn as nn

torch.manual_seed(int(os.environ.get("SEED", 0)))

data = pd.read_csv(Path(__file__).with_suffix(".csv"))
angle = 2 * np.pi * data["hour"] / 24
inputs = np.column_stack([np.sin(angle), np.cos(angle), data["temperature"]]).astype(np.float32)
load = data["load"].to_numpy(np.float32)

T = 12
X = torch.tensor(np.array([inputs[i - T : i] for i in range(T, len(inputs) + 1)]))
Y = torch.tensor(load[T - 1 :]).view(-1, 1)
split = int(0.8 * len(X))


class LoadNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell = nn.LSTMCell(3, 32)
        self.readout = nn.Linear(32, 1)

    def forward(self, x):
        h = x.new_zeros(x.size(0), 32)
        c = x.new_zeros(x.size(0), 32)
        for t in range(x.size(1)):
            h, c = self.cell(x[:, t], (h, c))
        return self.readout(h)


model = LoadNet()
opt = torch.optim.Adam(model.parameters(), lr=1e-3)
mse = nn.MSELoss()
for epoch in range(12):
    shuffled = torch.randperm(split)
    for k in range(0, split, 32):
        rows = shuffled[k : k + 32]
        opt.zero_grad()
        loss = mse(model(X[rows]), Y[rows])
        loss.backward()
        opt.step()
    print("epoch", epoch, "loss", loss.item())

with torch.no_grad():
    p = model(X[split:])
    t = Y[split:]
    r2 = 1 - (p - t).pow(2).sum() / (t - t.mean()).pow(2).sum()
print("metric r2", r2.item())
