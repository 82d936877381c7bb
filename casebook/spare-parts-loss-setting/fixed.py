"""Demand for spare parts in the next week: usually none, sometimes one, more when machines run hot."""
import json
import os
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

LOSSES = {"absolute": nn.L1Loss, "squared": nn.MSELoss, "huber": nn.HuberLoss}


def machines(rng, n, weeks=16):
    hours = np.clip(rng.normal(0.5, 0.2, (n, 1)) + rng.normal(0, 0.15, (n, weeks)), 0, 1)
    heat = np.clip(np.cumsum(rng.normal(0, 0.15, (n, weeks)), 1) + 0.3, 0, 1)
    wear = np.zeros(n)
    for w in range(weeks):
        wear = 0.8 * wear + hours[:, w] * (0.2 + heat[:, w])
    chance = 1 / (1 + np.exp(-4.0 * (wear - np.quantile(wear, 0.85))))
    demand = (rng.random(n) < 0.47 * chance) * 2.0
    expected = 2.0 * 0.47 * chance
    x = np.stack([hours - 0.5, heat - 0.5], -1)
    return [torch.tensor(a, dtype=torch.float32) for a in (x, demand, expected)]


class Demand(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.rnn = nn.GRU(2, hidden, batch_first=True)
        self.head = nn.Linear(hidden, 1)

    def forward(self, x):
        return self.head(self.rnn(x)[0][:, -1]).squeeze(-1)


def fit(model, x, y, cfg):
    loss_fn = LOSSES[cfg["loss"]]()
    optimizer = torch.optim.Adam(model.parameters(), lr=cfg["lr"])
    loader = DataLoader(TensorDataset(x, y), batch_size=cfg["batch_size"], shuffle=True)
    for epoch in range(cfg["epochs"]):
        losses = []
        for xb, yb in loader:
            loss = loss_fn(model(xb), yb)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        print(f"epoch {epoch:2d}: {np.mean(losses):.4f}")


def main():
    cfg = json.loads(Path(__file__).resolve().with_suffix(".json").read_text())
    seed = int(os.environ.get("SEED", 0))
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    x, y, _ = machines(rng, 1800)
    model = Demand(cfg["hidden"])
    fit(model, x, y, cfg)
    x, _, expected = machines(rng, 600)
    with torch.no_grad():
        error = (model(x) - expected).pow(2).mean().item()
    print(f"metric skill {1 - error / expected.var().item():.4f}")


if __name__ == "__main__":
    main()
