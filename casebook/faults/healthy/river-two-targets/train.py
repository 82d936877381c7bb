import json
import os
from pathlib import Path

import numpy as np
import torch
from torch import nn

FOLDER = Path(__file__).resolve().parent
TARGETS = 2  # flow and level, each for the next four hours


class RiverNet(nn.Module):
    def __init__(self, features, horizon, hidden_size, num_layers, dropout, bidirectional):
        super().__init__()
        self.horizon = horizon
        self.gru = nn.GRU(features, hidden_size, num_layers, batch_first=True, bidirectional=bidirectional)
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(hidden_size * (2 if bidirectional else 1), horizon * TARGETS)

    def forward(self, x):
        out, _ = self.gru(x)
        return self.fc(self.dropout(out[:, -1])).view(-1, self.horizon, TARGETS)


def load_data(path):
    with np.load(path) as f:
        x_train, y_train, x_test, y_test = (
            torch.as_tensor(f[name]) for name in ("windows", "ahead", "windows_test", "ahead_test")
        )
    horizon = y_train.shape[1] // TARGETS
    return x_train, y_train.view(-1, horizon, TARGETS), x_test, y_test.view(-1, horizon, TARGETS)


def get_optimizer(name, parameters, lr, weight_decay):
    kinds = {
        "adam": torch.optim.Adam,
        "adamw": torch.optim.AdamW,
        "sgd": torch.optim.SGD,
        "rmsprop": torch.optim.RMSprop,
    }
    return kinds[name](parameters, lr=lr, weight_decay=weight_decay)


def train(model, x, y, train_params, gamma):
    optimizer = get_optimizer(
        train_params["optimizer"], model.parameters(), train_params["learning_rate"], train_params["weight_decay"]
    )
    scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma)
    criterion = nn.HuberLoss(delta=train_params["huber_delta"])
    for epoch in range(train_params["epochs"]):
        model.train()
        history = []
        for batch in torch.randperm(len(x)).split(train_params["batch_size"]):
            optimizer.zero_grad()
            loss = criterion(model(x[batch]), y[batch])
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), train_params["grad_clip"])
            optimizer.step()
            history.append(loss.item())
        scheduler.step()
        print(f"epoch {epoch + 1:2d}  huber {np.mean(history):.4f}")


def r2_score(model, x, y):
    model.eval()
    with torch.no_grad():
        error = (model(x) - y).square().mean(0)
    return (1 - error / y.var(0, unbiased=False)).mean().item()


def main():
    torch.manual_seed(int(os.environ.get("SEED", 0)))
    params = json.loads((FOLDER / "params.json").read_text())
    x_train, y_train, x_test, y_test = load_data(FOLDER / "gauge.npz")
    model = RiverNet(x_train.shape[2], y_train.shape[1], **params["model"])
    train(model, x_train, y_train, params["train"], params["lr_decay"]["gamma"])
    print("metric r2", r2_score(model, x_test, y_test))


if __name__ == "__main__":
    main()
