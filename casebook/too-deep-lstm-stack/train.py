import json
import os
from pathlib import Path

import torch
from torch import nn

torch.manual_seed(int(os.environ.get("SEED", 0)))
settings = json.loads(Path(__file__).with_suffix(".json").read_text())


def openings(n, length=12):
    """Which of three valves was opened most often?"""
    x = torch.randint(0, 3, (n, length))
    counts = nn.functional.one_hot(x, 3).sum(1).float()
    return x, (counts + 0.01 * torch.arange(3)).argmax(1)


class ValveCounter(nn.Module):
    def __init__(self, hidden, layers):
        super().__init__()
        self.embedding = nn.Embedding(3, 8)
        self.lstm = nn.LSTM(8, hidden, num_layers=layers, batch_first=True)
        self.classify = nn.Linear(hidden, 3)

    def forward(self, x):
        out, _ = self.lstm(self.embedding(x))
        return self.classify(out[:, -1])


def train(model):
    optimizer = torch.optim.Adam(model.parameters(), lr=settings["lr"])
    loss_function = nn.CrossEntropyLoss()
    for step in range(settings["steps"]):
        x, y = openings(settings["batch"])
        loss = loss_function(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if step % 50 == 0:
            print(f"{step:4d} {loss.item():.4f}")


def accuracy(model):
    x, y = openings(1000)
    with torch.no_grad():
        return (model(x).argmax(1) == y).float().mean().item()


if __name__ == "__main__":
    counter = ValveCounter(settings["hidden"], settings["layers"])
    train(counter)
    print("metric accuracy", accuracy(counter))
