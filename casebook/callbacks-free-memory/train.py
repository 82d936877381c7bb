"""Forecast the load of a heat pump. Which callback runs at which event is read from the settings."""
import json
import os
from collections import defaultdict
from pathlib import Path

import numpy as np
import torch
from torch import nn

SETTINGS = json.loads(Path(__file__).resolve().with_suffix(".json").read_text())
SEED = int(os.environ.get("SEED", 0))


class Callbacks:
    def __init__(self, table):
        self.table = defaultdict(list)
        for event, names in table.items():
            self.table[event] = [getattr(self, name) for name in names]
        self.losses = []

    def fire(self, event, **state):
        for callback in self.table[event]:
            callback(**state)

    def clip(self, model, **_):
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)

    def free_memory(self, model, **_):
        for p in model.parameters():
            p.grad = None

    def record(self, loss, **_):
        self.losses.append(loss.item())

    def show(self, epoch, **_):
        print(f"epoch {epoch}: {np.mean(self.losses):.4f}")
        self.losses.clear()


class HeatPump(nn.Module):
    def __init__(self, n_in, width):
        super().__init__()
        self.cell = nn.LSTMCell(n_in, width)
        self.out = nn.Linear(width, 1)

    def forward(self, x):
        h = x.new_zeros(len(x), self.cell.hidden_size)
        c = torch.zeros_like(h)
        for step in x.unbind(1):
            h, c = self.cell(step, (h, c))
        return self.out(h)


def make_data(rng, n=900, steps=20):
    outside = np.cumsum(rng.normal(0, 0.4, (n, steps)), axis=1)
    tariff = rng.integers(0, 2, (n, steps)).astype(float)
    store = np.zeros(n)
    for t in range(steps):
        store = 0.85 * store + tariff[:, t] * 0.5 - 0.15 * np.tanh(outside[:, t])
    x = np.stack([outside / 2, tariff - 0.5], axis=-1)
    y = (store - store.mean()) / store.std() + rng.normal(0, 0.1, n)
    return torch.tensor(x, dtype=torch.float32), torch.tensor(y[:, None], dtype=torch.float32)


def main():
    torch.manual_seed(SEED)
    x, y = make_data(np.random.default_rng(SEED))
    model = HeatPump(2, SETTINGS["width"])
    optimizer = torch.optim.Adam(model.parameters(), lr=SETTINGS["lr"])
    callbacks = Callbacks(SETTINGS["callbacks"])
    for epoch in range(SETTINGS["epochs"]):
        for idx in torch.randperm(700).split(SETTINGS["batch_size"]):
            loss = nn.functional.mse_loss(model(x[idx]), y[idx])
            loss.backward()
            callbacks.fire("after_backward", model=model, loss=loss)
            optimizer.step()
            callbacks.fire("after_step", model=model, loss=loss)
        callbacks.fire("after_epoch", model=model, epoch=epoch)
    with torch.no_grad():
        mse = nn.functional.mse_loss(model(x[700:]), y[700:]).item()
    print("metric skill", round(1 - mse / y[700:].var().item(), 4))


main()
