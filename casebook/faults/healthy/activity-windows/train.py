"""Activity recognition from windows of six motion channels (three of acceleration, three of rotation)."""
import os
import tomllib
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

here = Path(__file__).resolve().parent


class Windows(Dataset):
    def __init__(self, x, y):
        self.x = torch.from_numpy(x)
        self.y = torch.from_numpy(y).long()

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        return self.x[i], self.y[i]


class ActivityNet(nn.Module):
    def __init__(self, channels, hidden, layers, dropout, classes=5):
        super().__init__()
        self.gru = nn.GRU(channels, hidden, num_layers=layers, dropout=dropout if layers > 1 else 0.0, batch_first=True)
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(hidden, classes)

    def forward(self, x):
        out, _ = self.gru(x)
        return torch.log_softmax(self.fc(self.dropout(out[:, -1])), dim=1)


def build_optimizer(params, o):
    if o["optimizer"] == "sgd":
        return torch.optim.SGD(params, lr=o["lr"], momentum=o["momentum"], weight_decay=o["weight_decay"])
    return torch.optim.Adam(params, lr=o["lr"], weight_decay=o["weight_decay"])


def main():
    torch.manual_seed(int(os.environ.get("SEED", 0)))
    p = tomllib.loads((here / "params.toml").read_text())
    d = np.load(here / "windows.npz")
    loader = DataLoader(Windows(d["windows"], d["activity"]), batch_size=max(1, int(p["loader"]["batch_size"])), shuffle=p["loader"]["shuffle"])
    test_loader = DataLoader(Windows(d["windows_test"], d["activity_test"]), batch_size=64)

    net = ActivityNet(d["windows"].shape[2], int(p["net"]["hidden"]), int(p["net"]["layers"]), p["net"]["dropout"])
    optimizer = build_optimizer(net.parameters(), p["optim"])
    criterion = nn.NLLLoss()
    for epoch in range(max(1, int(p["epochs"]))):
        net.train()
        total = 0.0
        for x, y in loader:
            optimizer.zero_grad()
            loss = criterion(net(x), y)
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), p["optim"]["clip"])
            optimizer.step()
            total += loss.item()
        print(f"epoch {epoch} loss {total / len(loader):.4f}")

    net.eval()
    hits = 0
    with torch.no_grad():
        for x, y in test_loader:
            hits += (net(x).argmax(1) == y).sum().item()
    print(f"metric accuracy {hits / len(test_loader.dataset):.4f}")


if __name__ == "__main__":
    main()
