"""Adding problem: the sum of the two marked numbers among thirty."""

import json
import os
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

HERE = Path(__file__).resolve().parent
HYPER = json.loads((HERE / "hyper.json").read_text())


class Adder(nn.Module):
    def __init__(self, hidden_size, dropout):
        super().__init__()
        self.lstm = nn.LSTM(2, hidden_size, batch_first=True)
        self.dropout = nn.Dropout(dropout)
        self.linear = nn.Linear(hidden_size, 1)

    def forward(self, x):
        output, (h, c) = self.lstm(x)
        return self.linear(self.dropout(h[-1])).squeeze(-1)


def build_model():
    start = torch.load(HERE / "start.pt", weights_only=True)
    model = Adder(start["linear.weight"].shape[1], HYPER["dropout"])
    model.load_state_dict(start)
    return model


def build_optimizer(model):
    classes = {"adam": "Adam", "adamw": "AdamW", "sgd": "SGD", "rmsprop": "RMSprop"}
    cls = getattr(torch.optim, classes[HYPER["optim"]["kind"]])
    return cls(model.parameters(), lr=HYPER["optim"]["lr"], weight_decay=HYPER["optim"]["weight_decay"])


def train_epoch(model, loader, optimizer, criterion):
    model.train()
    total = 0.0
    for x, y in loader:
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), HYPER["optim"]["max_norm"])
        optimizer.step()
        total += loss.item() * len(x)
    return total / len(loader.dataset)


@torch.no_grad()
def evaluate(model, x, y):
    model.eval()
    return 1 - ((model(x) - y) ** 2).mean().item() / y.var(unbiased=False).item()


def main():
    torch.manual_seed(int(os.environ.get("SEED", 0)))
    with np.load(HERE / "pairs.npz") as f:
        x_train, y_train = torch.from_numpy(f["x_train"]), torch.from_numpy(f["y_train"])
        x_test, y_test = torch.from_numpy(f["x_test"]), torch.from_numpy(f["y_test"])
    loader = DataLoader(TensorDataset(x_train, y_train), **HYPER["loader"])
    model = build_model()
    optimizer = build_optimizer(model)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, **HYPER["schedule"])
    criterion = nn.MSELoss()
    for epoch in range(HYPER["epochs"]):
        loss = train_epoch(model, loader, optimizer, criterion)
        scheduler.step()
        print(f"epoch {epoch + 1}/{HYPER['epochs']} loss {loss:.4f}")
    print("metric r2", evaluate(model, x_test, y_test))


if __name__ == "__main__":
    main()
