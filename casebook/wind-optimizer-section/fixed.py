import json
import os
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

here = Path(__file__).resolve()
config = json.loads(here.with_suffix(".json").read_text())
seed = int(os.environ.get("SEED", 0))
torch.manual_seed(seed)
rng = np.random.default_rng(seed)

# Turbine power from ten minutes of wind: a smoothed cube law with a cut-off
wind = np.abs(8 + np.cumsum(rng.normal(0, 0.8, (1000, 20)), axis=1))
felt = np.average(wind, axis=1, weights=np.exp(np.arange(20) / 6))
power = np.clip((felt / 11) ** 3, 0, 1)
x = torch.tensor((wind - 8) / 4, dtype=torch.float32).unsqueeze(-1)
y = torch.tensor((power - power.mean()) / power.std(), dtype=torch.float32).unsqueeze(-1)


class Turbine(nn.Module):
    def __init__(self, hidden_size, dropout):
        super().__init__()
        self.rnn = nn.RNN(1, hidden_size, batch_first=True)
        self.dropout = nn.Dropout(dropout)
        self.linear = nn.Linear(hidden_size, 1)

    def forward(self, x):
        out, h_n = self.rnn(x)
        return self.linear(self.dropout(h_n[-1]))


def evaluate(model, loader):
    model.eval()
    with torch.no_grad():
        total = sum(((model(a) - b) ** 2).sum().item() for a, b in loader)
    return (total / len(loader.dataset)) ** 0.5


model = Turbine(**config["model"])
optimizer = getattr(torch.optim, config["optimizer"].pop("name"))(model.parameters(), **config["optimizer"])
train = DataLoader(TensorDataset(x[:800], y[:800]), batch_size=config["batch_size"], shuffle=True)
test = DataLoader(TensorDataset(x[800:], y[800:]), batch_size=200)

for epoch in range(config["epochs"]):
    model.train()
    for xb, yb in train:
        loss = nn.functional.huber_loss(model(xb), yb)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    print(f"epoch {epoch + 1}: test rmse {evaluate(model, test):.4f}")

print(f"metric rmse {evaluate(model, test):.4f}")
