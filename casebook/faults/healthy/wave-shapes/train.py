"""Rising saw, falling saw or sine? Noisy waves of unknown pitch and phase."""
import os
import tomllib
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

HERE = Path(__file__).resolve().parent


def load_data(dtype):
    d = np.load(HERE / "waves.npz")
    x = lambda k: torch.from_numpy(d[k]).to(dtype)
    y = lambda k: torch.from_numpy(d[k]).long()
    return x("x_train"), y("y_train"), x("x_test"), y("y_test")


class WaveNet(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.lstm = nn.LSTM(1, hidden, batch_first=True)
        self.fc = nn.Linear(hidden, 3)

    def forward(self, x):
        out, _ = self.lstm(x)
        return self.fc(out[:, -1])


def build_model(dtype):
    start = torch.load(HERE / "start.pt")
    model = WaveNet(start["lstm.weight_hh_l0"].shape[1])
    model.load_state_dict(start)
    return model.to(dtype)


def train_one_epoch(model, optimizer, x, y, batch_size, clip, window):
    model.train()
    total = 0.0
    for idx in torch.randperm(len(x)).split(batch_size):
        loss = F.cross_entropy(model(x[idx, :window]), y[idx])
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), clip)
        optimizer.step()
        total += loss.item() * len(idx)
    return total / len(x)


@torch.no_grad()
def accuracy(model, x, y, window):
    model.eval()
    return (model(x[:, :window]).argmax(1) == y).float().mean().item()


def main():
    torch.manual_seed(int(os.environ.get("SEED", 0)))
    config = tomllib.loads((HERE / "config.toml").read_text())
    dtype = getattr(torch, config["dtype"])
    window = max(1, int(config["window"]))
    x, y, x_test, y_test = load_data(dtype)
    model = build_model(dtype)
    o = config["optim"]
    optimizer = torch.optim.Adam(model.parameters(), lr=o["base_lr"], weight_decay=o["weight_decay"])
    scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=o["gamma"])
    for epoch in range(max(1, int(config["epochs"]))):
        loss = train_one_epoch(model, optimizer, x, y, max(1, int(config["batch_size"])), o["clip"], window)
        scheduler.step()
        if epoch % 5 == 0:
            print("epoch", epoch, "loss", round(loss, 4))
    print("metric accuracy", round(accuracy(model, x_test, y_test, window), 4))


if __name__ == "__main__":
    main()
