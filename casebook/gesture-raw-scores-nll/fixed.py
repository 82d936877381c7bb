"""Pen strokes: which of five shapes was drawn? (speed in x and y at every step)"""
import os

import numpy as np
import torch
from torch import nn

SHAPES = ["circle", "eight", "zigzag", "spiral", "line"]


def stroke(rng, kind, steps):
    t = np.linspace(0, 1, steps + 1) * 2 * np.pi
    start, size = rng.uniform(0, 2 * np.pi), rng.uniform(0.8, 1.2)
    if kind == 0:
        p = np.stack([np.cos(t + start), np.sin(t + start)], 1)
    elif kind == 1:
        p = np.stack([np.sin(t + start), np.sin(2 * (t + start))], 1)
    elif kind == 2:
        p = np.stack([t / 3, np.abs((2 * t / np.pi + start) % 2 - 1)], 1)
    elif kind == 3:
        p = np.stack([t * np.cos(2 * t + start), t * np.sin(2 * t + start)], 1) / 4
    else:
        p = np.stack([t * np.cos(start), t * np.sin(start)], 1) / 3
    speed = np.diff(size * p, axis=0) * 4
    return speed + rng.normal(0, 0.15, speed.shape)


def make(rng, n, steps=24):
    weights = np.array([0.4, 0.15, 0.15, 0.15, 0.15])
    kinds = rng.choice(5, size=n, p=weights)
    x = np.stack([stroke(rng, k, steps) for k in kinds])
    return torch.tensor(x, dtype=torch.float32), torch.tensor(kinds)


class StrokeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(2, 32, batch_first=True)
        self.out = nn.Linear(32, len(SHAPES))

    def forward(self, x):
        _, (h, _) = self.lstm(x)
        return self.out(h.squeeze(0)).log_softmax(dim=-1)


def main():
    seed = int(os.environ.get("SEED", 0))
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    x, y = make(rng, 1000)
    x_test, y_test = make(rng, 300)
    net = StrokeNet()
    criterion = nn.NLLLoss()
    optimizer = torch.optim.Adam(net.parameters(), lr=5e-3)
    for epoch in range(12):
        for idx in torch.randperm(len(x)).split(25):
            output = net(x[idx])
            loss = criterion(output, y[idx])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        print(f"{epoch:2d}  {loss.item():.4f}")
    with torch.no_grad():
        hit = net(x_test).argmax(1) == y_test
    print(f"metric accuracy {hit.float().mean().item():.4f}")


main()
