import json
import os
from pathlib import Path

import torch
from torch import nn

torch.manual_seed(int(os.environ.get("SEED", 0)))
setup = json.loads(Path(__file__).with_suffix(".json").read_text())


def orders(n, steps):
    """Prices along a list, two of them ticked: what do the ticked ones cost together?"""
    prices = torch.rand(n, steps)
    ticked = torch.zeros(n, steps)
    ticked.scatter_(1, torch.rand(n, steps).argsort(1)[:, :2], 1.0)
    return torch.stack([prices, ticked], dim=-1), (prices * ticked).sum(1)


class Bill(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.rnn = nn.GRU(2, hidden, batch_first=True)
        self.fc = nn.Linear(hidden, 1)

    def forward(self, x):
        return self.fc(self.rnn(x)[0][:, -1]).squeeze(1)


def make_optimizer(parameters):
    kind = getattr(torch.optim, setup["optimizer"])
    extra = {"momentum": setup["momentum"]} if setup["optimizer"] == "SGD" else {}
    return kind(parameters, lr=setup["lr"], **extra)


model = Bill(setup["hidden"])
optimizer = make_optimizer(model.parameters())
for step in range(setup["steps"]):
    x, cost = orders(setup["batch"], setup["length"])
    loss = nn.functional.mse_loss(model(x), cost)
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    if step % 50 == 0:
        print(f"step {step} loss {loss.item():.4f}")

x, cost = orders(1000, setup["length"])
with torch.no_grad():
    print("metric r2", (1 - nn.functional.mse_loss(model(x), cost) / cost.var()).item())
