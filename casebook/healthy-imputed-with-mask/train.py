import os
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import nn

SEED = int(os.environ.get("SEED", 0))
torch.manual_seed(SEED)
rng = np.random.default_rng(SEED)

table = pd.read_csv(Path(__file__).parent.parent / "data" / "pollution.csv")
features = ["pm2.5", "DEWP", "TEMP", "PRES", "Iws"]
values = table[features].to_numpy(dtype=np.float64)
values[:, [0, 4]] = np.log1p(values[:, [0, 4]])
values[rng.random(values.shape) < 0.15] = np.nan

n_train = 2700
mean, std = np.nanmean(values[:n_train], axis=0), np.nanstd(values[:n_train], axis=0)
scaled = (values - mean) / std
present = ~np.isnan(scaled)
filled = np.where(present, scaled, 0.0)
inputs = np.concatenate([filled, present], axis=1).astype(np.float32)
goal, known = filled[:, 0].astype(np.float32), present[:, 0]

T = 8
rows = np.array([t for t in range(T, len(inputs)) if known[t]])
X = torch.tensor(np.stack([inputs[t - T : t] for t in rows]))
Y = torch.tensor(goal[rows])
train, test = np.flatnonzero(rows < n_train), np.flatnonzero(rows >= n_train)

model = nn.LSTM(2 * len(features), 24, batch_first=True)
readout = nn.Linear(24, 1)
opt = torch.optim.AdamW([*model.parameters(), *readout.parameters()], lr=4e-3, weight_decay=1e-3)


def predict(x):
    return readout(model(x)[0][:, -1])[:, 0]


for epoch in range(8):
    rng.shuffle(train)
    for i in range(0, len(train), 32):
        b = train[i : i + 32]
        opt.zero_grad()
        loss = nn.functional.mse_loss(predict(X[b]), Y[b])
        loss.backward()
        opt.step()
    print(epoch, loss.item())

with torch.no_grad():
    mse = nn.functional.mse_loss(predict(X[test]), Y[test]).item()
print("metric r2", 1 - mse / Y[test].var().item())
