"""Hourly PM2.5 from the last day of weather. Settings are in the .json next to this file."""
import csv
import json
import os
from pathlib import Path

import numpy as np
import torch
from torch import nn

HERE = Path(__file__).resolve()
cfg = json.loads(HERE.with_suffix(".json").read_text())
torch.manual_seed(int(os.environ.get("SEED", 0)))

with open(HERE.parent.parent / "data" / "beijing-spring-2013.csv", newline="") as f:
    rows = list(csv.DictReader(f))
for before, row in zip(rows, rows[1:]):
    if row["pm2.5"] == "NA":
        row["pm2.5"] = before["pm2.5"]
table = np.array([[float(r[c]) for c in cfg["columns"]] for r in rows], dtype=np.float32)
table[:, 0] = np.log1p(table[:, 0])
split = int(0.75 * len(table))
table = (table - table[:split].mean(0)) / table[:split].std(0)

window = cfg["window"]
X = torch.tensor(np.stack([table[i : i + window] for i in range(len(table) - window)]))
y = torch.tensor(table[window:, 0])
n_train = split - window


class PollutionNet(nn.Module):
    def __init__(self, n_in, hidden):
        super().__init__()
        self.rnn = nn.GRU(n_in, hidden, batch_first=True)
        self.head = nn.Linear(hidden, 1)

    def forward(self, x):
        _, h = self.rnn(x)
        return self.head(h[-1]).squeeze(-1)


net = PollutionNet(X.shape[-1], cfg["hidden"])
opt = torch.optim.SGD(net.parameters(), lr=cfg["lr"], momentum=0.9)
mse = nn.MSELoss()

step = 0
for epoch in range(cfg["epochs"]):
    losses = []
    for idx in torch.randperm(n_train).split(cfg["batch_size"]):
        loss = mse(net(X[idx]), y[idx])
        loss.backward()
        opt.step()
        step += 1
        if step % cfg["zero_every"] == 0:
            opt.zero_grad()
        losses.append(loss.item())
    print(f"epoch {epoch:2d} train mse {np.mean(losses):.4f}")

with torch.no_grad():
    test = mse(net(X[n_train:]), y[n_train:]).item()
print(f"metric skill {1 - test / y[n_train:].var().item():.4f}")
