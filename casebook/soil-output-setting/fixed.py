"""Change of soil moisture over the next day from rain, sun and what the plants drank."""
import json
import os
from pathlib import Path

import numpy as np
import torch
from torch import nn


class Soil(nn.Module):
    def __init__(self, spec):
        super().__init__()
        rnn = getattr(nn, spec["layer"])
        self.rnn = rnn(3, spec["hidden"], num_layers=spec["layers"], batch_first=True)
        self.linear = nn.Linear(spec["hidden"], 1)
        self.output = getattr(nn, spec["output"])()

    def forward(self, x):
        features, _ = self.rnn(x)
        return self.output(self.linear(features[:, -1]))


def fields(rng, n, hours=18):
    rain = rng.gamma(0.5, 1.0, (n, hours)) * (rng.random((n, hours)) < 0.3)
    sun = np.clip(rng.normal(0.5, 0.3, (n, 1)) + rng.normal(0, 0.1, (n, hours)), 0, 1)
    drink = rng.uniform(0, 1, (n, 1)) * sun
    weight = np.exp(-np.arange(hours)[::-1] / 8)
    change = (weight * (rain - 0.4 * sun - 0.5 * drink)).sum(1) / weight.sum()
    x = np.stack([rain, sun, drink], -1)
    y = (change - change.mean()) / change.std()
    return torch.tensor(x, dtype=torch.float32), torch.tensor(y[:, None], dtype=torch.float32)


def main():
    spec = json.loads(Path(__file__).resolve().with_suffix(".json").read_text())
    seed = int(os.environ.get("SEED", 0))
    torch.manual_seed(seed)
    x, y = fields(np.random.default_rng(seed), 1100)
    model = Soil(spec)
    optimizer = torch.optim.RMSprop(model.parameters(), lr=spec["lr"])
    for epoch in range(spec["epochs"]):
        total = 0.0
        for idx in torch.randperm(800).split(32):
            loss = nn.functional.mse_loss(model(x[idx]), y[idx])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() / 25
        print(f"epoch {epoch}: {total:.4f}")
    with torch.no_grad():
        mse = nn.functional.mse_loss(model(x[800:]), y[800:]).item()
    print(f"metric skill {1 - mse / y[800:].var().item():.4f}")


if __name__ == "__main__":
    main()
