"""PM2.5 in the next hour. Inputs in their own units; the first layer normalises them."""
import csv
import json
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn as nn

HERE = Path(__file__).resolve()


@dataclass(frozen=True)
class Settings:
    columns: list[str]
    window: int
    hidden: int
    lr: float
    epochs: int
    batch_size: int
    freeze_norm: bool


def read(columns):
    with open(HERE.parent.parent / "data" / "beijing-spring-2013.csv", newline="") as f:
        table = [[float(row[c]) if row[c] != "NA" else np.nan for c in columns] for row in csv.DictReader(f)]
    table = np.array(table, dtype=np.float32)
    table[:, columns.index("PRES")] *= 100  # hPa to Pa
    for i in range(1, len(table)):
        gaps = np.isnan(table[i])
        table[i, gaps] = table[i - 1, gaps]
    return table


class Net(nn.Module):
    def __init__(self, n_in, s: Settings):
        super().__init__()
        self.norm = nn.BatchNorm1d(n_in)
        self.gru = nn.GRU(n_in, s.hidden, batch_first=True)
        self.out = nn.Linear(s.hidden, 1)

    def forward(self, x):
        x = self.norm(x.transpose(1, 2)).transpose(1, 2)
        return self.out(self.gru(x)[1][-1])


def set_mode(model, s):
    model.train()
    if s.freeze_norm:
        for m in model.modules():
            if isinstance(m, nn.BatchNorm1d):
                m.eval()


def main():
    s = Settings(**json.loads(HERE.with_suffix(".json").read_text()))
    torch.manual_seed(int(os.environ.get("SEED", 0)))
    raw = read(s.columns)
    split = int(0.75 * len(raw))
    target = np.log1p(raw[:, 0])
    target = (target - target[:split].mean()) / target[:split].std()
    x = torch.tensor(np.stack([raw[i : i + s.window] for i in range(len(raw) - s.window)]))
    y = torch.tensor(target[s.window :, None])
    n_train = split - s.window

    model = Net(x.shape[-1], s)
    optimizer = torch.optim.Adam(model.parameters(), lr=s.lr)
    for epoch in range(s.epochs):
        set_mode(model, s)
        for idx in torch.randperm(n_train).split(s.batch_size):
            loss = nn.functional.mse_loss(model(x[idx]), y[idx])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        model.eval()
        with torch.no_grad():
            mse = nn.functional.mse_loss(model(x[n_train:]), y[n_train:]).item()
        print(f"epoch {epoch} test mse {mse:.4f}")
    print(f"metric skill {1 - mse / y[n_train:].var().item():.4f}")


main()
