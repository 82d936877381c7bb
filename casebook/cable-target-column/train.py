"""Remaining strength of a cable from strain readings. Data: the .npz with this script's name."""
import argparse
import os
from pathlib import Path

import numpy as np
import torch
from torch import nn


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().with_suffix(".npz"))
    parser.add_argument("--epochs", type=int, default=14)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--lr", type=float, default=8e-3)
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
    return parser.parse_args()


class CableNet(nn.Module):
    def __init__(self, n_in, hidden=24):
        super().__init__()
        self.gru = nn.GRU(n_in, hidden, batch_first=True)
        self.head = nn.Linear(hidden, 1)

    def forward(self, x):
        _, h = self.gru(x)
        return self.head(h[0])


def loss_of(pred, target):
    return torch.log(torch.cosh(pred - target)).mean()


def main():
    args = parse()
    torch.manual_seed(args.seed)
    with np.load(args.data) as file:
        x = torch.from_numpy(file["strain"].astype(np.float32))
        y = torch.from_numpy(file["strength"].astype(np.float32))
    order = torch.randperm(len(x))
    train, test = order[:480], order[480:]

    model = CableNet(x.shape[-1])
    optimizer = torch.optim.Adam(model.parameters(), lr=args.lr)
    for epoch in range(args.epochs):
        total = 0.0
        for idx in train[torch.randperm(len(train))].split(args.batch_size):
            loss = loss_of(model(x[idx]), y[idx])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(idx)
        print(f"epoch {epoch:2d} {total / len(train):.4f}")

    with torch.no_grad():
        error = model(x[test]).flatten() - y[test].flatten()
    print(f"metric skill {1 - (error.square().mean() / y[test].var()).item():.4f}")


if __name__ == "__main__":
    main()
