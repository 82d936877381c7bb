import csv
import os
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

MAX_GRAD = 1e-3
SEED = int(os.environ.get("SEED", 0))


def windows(n_train=110, lag=12):
    with open(Path(__file__).resolve().parents[1] / "data" / "airline-passengers.csv") as f:
        series = torch.tensor([float(r["Passengers"]) for r in csv.DictReader(f)]).log()
    growth = series[12:] - series[:-12]
    growth = (growth - growth[:n_train - 12].mean()) / growth[:n_train - 12].std()
    x = growth.unfold(0, lag + 1, 1)
    cut = n_train - 12 - lag
    return x[:cut], x[cut:]


def clip(parameters, limit):
    total = torch.sqrt(sum((p.grad ** 2).sum() for p in parameters))
    if total > limit:
        for p in parameters:
            p.grad *= limit / total
    return total


torch.manual_seed(SEED)
train, test = windows()
rnn = nn.GRU(1, 16, batch_first=True)
head = nn.Linear(16, 1)
parameters = list(rnn.parameters()) + list(head.parameters())
sgd = torch.optim.SGD(parameters, lr=0.1, momentum=0.5)


def predict(rows):
    states, _ = rnn(rows[:, :-1].unsqueeze(-1))
    return head(states).squeeze(-1)


for epoch in range(60):
    for rows in train[torch.randperm(len(train))].split(16):
        loss = F.mse_loss(predict(rows), rows[:, 1:])
        sgd.zero_grad()
        loss.backward()
        clip(parameters, MAX_GRAD)
        sgd.step()
    if epoch % 10 == 0:
        print(f"epoch {epoch} loss {loss.item():.4f}")

with torch.no_grad():
    error = F.mse_loss(predict(test)[:, -1], test[:, -1]).item()
print(f"metric mse {error:.4f}")
