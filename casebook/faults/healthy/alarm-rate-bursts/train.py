# Rate of alarms in the next minute, from the notices that precede bursts and the alarms counted so far.
import json
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

HERE = Path(__file__).resolve().parent


@dataclass
class Settings:
    window: int
    train_rows: int
    dropout: float
    batch: int
    epochs: int
    learning_rate: float
    optimizer: str
    weight_decay: float
    max_grad_norm: float
    dtype: str

    def make_optimizer(self, parameters):
        kinds = {
            "adam": torch.optim.Adam,
            "adamw": torch.optim.AdamW,
            "sgd": torch.optim.SGD,
            "rmsprop": torch.optim.RMSprop,
        }
        return kinds[self.optimizer](parameters, lr=self.learning_rate, weight_decay=self.weight_decay)


class RateNet(nn.Module):
    def __init__(self, inputs, hidden, dropout):
        super().__init__()
        self.lstm = nn.LSTM(inputs, hidden, batch_first=True)
        self.drop = nn.Dropout(dropout)
        self.rate = nn.Sequential(nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, 1))

    def forward(self, x):
        sequence, _ = self.lstm(x)
        return self.rate(self.drop(sequence[:, -1])).flatten()


def windows(series, length):
    n = len(series) - length
    x = torch.stack([series[i : i + length, 1:] for i in range(n)])
    return x, series[length:, 0]


settings = Settings(**json.loads((HERE / "settings.json").read_text()))
torch.manual_seed(int(os.environ.get("SEED", 0)))
dtype = getattr(torch, settings.dtype)
series = torch.from_numpy(np.load(HERE / "alarms.npz")["series"]).to(dtype)
x_train, y_train = windows(series[: settings.train_rows], settings.window)
x_test, y_test = windows(series[settings.train_rows :], settings.window)

start = torch.load(HERE / "start.pt", weights_only=True)
model = RateNet(series.shape[1] - 1, start["lstm.weight_hh_l0"].shape[1], settings.dropout)
model.load_state_dict(start)
model.to(dtype)
optimizer = settings.make_optimizer(model.parameters())
mae = nn.L1Loss()

for epoch in range(settings.epochs):
    model.train()
    order = torch.randperm(len(x_train))
    losses = []
    for first in range(0, len(order), settings.batch):
        rows = order[first : first + settings.batch]
        loss = mae(model(x_train[rows]), y_train[rows])
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), settings.max_grad_norm)
        optimizer.step()
        losses.append(loss.item())
    print(f"epoch {epoch + 1}  mae {np.mean(losses):.4f}")

model.eval()
with torch.no_grad():
    error = mae(model(x_test), y_test).item()
    typical = (y_test - y_test.median()).abs().mean().item()
print("metric skill", 1 - error / typical)
