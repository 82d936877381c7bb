"""PM2.5 two hours ahead from twelve hours of weather and air quality."""

import os
import tomllib
from pathlib import Path

import numpy as np
import torch
from torch import nn

HERE = Path(__file__).resolve().parent


class Net(nn.Module):
    def __init__(self, features, hidden, dropout):
        super().__init__()
        self.gru = nn.GRU(features, hidden, batch_first=True)
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(hidden, 1)

    def forward(self, x):
        _, h = self.gru(x)
        return self.fc(self.dropout(h[-1]))[:, 0]


class Pm25Forecaster:
    optimizers = {
        "adam": torch.optim.Adam,
        "adamw": torch.optim.AdamW,
        "sgd": torch.optim.SGD,
        "rmsprop": torch.optim.RMSprop,
    }

    def __init__(self, start, params):
        self.params = params["training"]
        hidden, features = start["gru.weight_ih_l0"].shape
        self.net = Net(features, hidden // 3, params["model"]["dropout"])
        self.net.load_state_dict(start)
        self.net.to(getattr(torch, params["model"]["dtype"]))
        self.dtype = self.net.fc.weight.dtype

    def fit(self, x, y):
        p = self.params
        x, y = x.to(self.dtype), y.to(self.dtype)
        optimizer = self.optimizers[p["optimizer"]](
            self.net.parameters(), lr=p["learning_rate"], weight_decay=p["weight_decay"]
        )
        for epoch in range(p["epochs"]):
            self.net.train()
            order = torch.randperm(len(x)) if p["shuffle"] else torch.arange(len(x))
            losses = []
            for rows in order.split(p["batch_size"]):
                loss = nn.functional.mse_loss(self.net(x[rows]), y[rows])
                optimizer.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(self.net.parameters(), p["clip_norm"])
                optimizer.step()
                losses.append(loss.item())
            print(f"[{epoch:2d}] train mse {np.mean(losses):.4f}")
        return self

    @torch.no_grad()
    def score(self, x, y):
        self.net.eval()
        residual = y - self.net(x.to(self.dtype)).float()
        return 1 - (residual.square().sum() / (y - y.mean()).square().sum()).item()


if __name__ == "__main__":
    torch.manual_seed(int(os.environ.get("SEED", 0)))
    params = tomllib.loads((HERE / "params.toml").read_text())
    data = {name: torch.tensor(array) for name, array in np.load(HERE / "windows.npz").items()}
    forecaster = Pm25Forecaster(torch.load(HERE / "start.pt", weights_only=True), params)
    forecaster.fit(data["x_train"], data["y_train"])
    print("metric r2", forecaster.score(data["x_test"], data["y_test"]))
