import argparse
import os
from pathlib import Path

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.metrics import balanced_accuracy_score


def get_args():
    p = argparse.ArgumentParser(description="alarm classifier")
    p.add_argument("--epochs", type=int, default=12)
    p.add_argument("--lr", type=float, default=2e-3)
    p.add_argument("--hidden", type=int, default=12)
    p.add_argument("--batch", type=int, default=32)
    return p.parse_args()


class AlarmGRU(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.gru = nn.GRU(2, hidden, batch_first=True)
        self.cls = nn.Linear(hidden, 2)

    def forward(self, x):
        return self.cls(self.gru(x)[0].mean(dim=1))


def main():
    args = get_args()
    torch.manual_seed(int(os.environ.get("SEED", 0)))
    z = np.load(Path(__file__).with_suffix(".npz"))
    index = torch.from_numpy(z["index"]).long()
    x, y = torch.from_numpy(z["x"])[index], torch.from_numpy(z["y"])[index]
    model = AlarmGRU(args.hidden)
    opt = torch.optim.Adam(model.parameters(), lr=args.lr, weight_decay=1e-4)
    for epoch in range(args.epochs):
        for b in torch.randperm(len(x)).split(args.batch):
            loss = F.cross_entropy(model(x[b]), y[b])
            opt.zero_grad()
            loss.backward()
            opt.step()
        print(f"[{epoch + 1}/{args.epochs}] loss={loss.item():.4f}")
    with torch.no_grad():
        guess = model(torch.from_numpy(z["x_test"])).argmax(1)
    print("metric balanced_accuracy", balanced_accuracy_score(z["y_test"], guess.numpy()))


main()
