# Valve monitoring: did the valve open and close in the right order?
import json
import os
from pathlib import Path
from types import SimpleNamespace

import torch
from torch import nn

cfg = json.loads(
    Path(__file__).resolve().with_suffix(".json").read_text(), object_hook=lambda d: SimpleNamespace(**d)
)
torch.manual_seed(int(os.environ.get("SEED", 0)))


def recordings(n):
    """Two events at unknown times, each of kind 0 or 1: the class is the ordered pair."""
    x = 0.1 * torch.randn(n, cfg.data.steps, 3)
    rows = torch.arange(n)
    kinds = torch.randint(2, (n, 2))
    third = cfg.data.steps // 3
    when = torch.stack([torch.randint(0, third, (n,)), torch.randint(third, 2 * third, (n,))], 1)
    for k in range(2):
        x[rows, when[:, k], kinds[:, k]] += 1.5
    x[..., 2] += torch.linspace(-1, 1, cfg.data.steps)
    return x, kinds[:, 0] * 2 + kinds[:, 1]


class ValveNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.LSTM(3, cfg.model.hidden, batch_first=True)
        self.classifier = nn.Sequential(nn.Linear(cfg.model.hidden, 32), nn.ReLU(), nn.Linear(32, 4))

    def forward(self, x):
        features, _ = self.encoder(x)
        features = features[:, -1]
        if cfg.model.stop_gradient:
            features = features.detach()
        return self.classifier(features)


model = ValveNet()
optimizer = torch.optim.Adam(model.parameters(), lr=cfg.train.lr)
loss_fn = nn.CrossEntropyLoss()
for step in range(cfg.train.steps):
    x, y = recordings(cfg.train.batch_size)
    loss = loss_fn(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 100 == 99:
        print(f"step {step + 1}: {loss.item():.4f}")

with torch.no_grad():
    x, y = recordings(500)
    print(f"metric accuracy {(model(x).argmax(1) == y).float().mean().item():.4f}")
