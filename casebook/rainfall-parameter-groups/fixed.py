"""River level three days after: a leaky store fed by rain (made-up catchment).

Learning rates are set per part of the model in the settings file.
"""
import json
import logging
import os
import sys
from pathlib import Path

import numpy as np
import torch
from torch import nn

logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
log = logging.getLogger("river")
settings = json.loads(Path(__file__).resolve().with_suffix(".json").read_text())
seed = int(os.environ.get("SEED", 0))
torch.manual_seed(seed)
rng = np.random.default_rng(seed)


def catchment(n, days):
    rain = rng.gamma(0.4, 1.0, (n, days)) * (rng.random((n, days)) < 0.5)
    cold = rng.random((n, 1)) < 0.5
    snow = np.zeros(n)
    level = np.zeros(n)
    for d in range(days):
        frozen = cold[:, 0] & (d < days * 2 // 3)
        snow += np.where(frozen, rain[:, d], 0)
        melt = np.where(cold[:, 0] & (d == days * 2 // 3), snow, 0)
        level = 0.93 * level + np.where(frozen, 0, rain[:, d]) + melt
    x = np.stack([rain, np.repeat(cold, days, 1) * 1.0], -1)
    return torch.tensor(x, dtype=torch.float32), torch.tensor(level[:, None], dtype=torch.float32)


class River(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.inputs = nn.Linear(2, hidden)
        self.rnn = nn.LSTM(hidden, hidden, batch_first=True)
        self.outputs = nn.Linear(hidden, 1)

    def forward(self, x):
        out, _ = self.rnn(torch.tanh(self.inputs(x)))
        return self.outputs(out[:, -1])


def parameter_groups(model, groups):
    for group in groups:
        chosen = [p for name, p in model.named_parameters() if name.startswith(tuple(group["prefixes"]))]
        if chosen:
            yield {"params": chosen, "lr": group["lr"]}


x, y = catchment(1000, 28)
y = (y - y.mean()) / y.std()
model = River(settings["hidden"])
optimizer = torch.optim.Adam(list(parameter_groups(model, settings["groups"])))
for epoch in range(settings["epochs"]):
    running = 0.0
    for idx in torch.randperm(800).split(32):
        loss = nn.functional.mse_loss(model(x[idx]), y[idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        running += loss.item() * len(idx) / 800
    log.info("epoch %d mse %.4f", epoch, running)

with torch.no_grad():
    mse = nn.functional.mse_loss(model(x[800:]), y[800:]).item()
print(f"metric skill {1 - mse / y[800:].var().item():.4f}")
