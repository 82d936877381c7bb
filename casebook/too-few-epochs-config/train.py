import json
import os
from pathlib import Path

import torch
import torch.nn as nn

hp = json.loads(Path(__file__).with_suffix(".json").read_text())
seed = int(os.environ.get("SEED", 0))
torch.manual_seed(seed)


class Summer(nn.Module):
    """Reads digits one by one, tells their weighted sum."""

    def __init__(self, hidden):
        super().__init__()
        self.embed = nn.Embedding(10, 16)
        self.gru = nn.GRU(16, hidden, batch_first=True)
        self.linear = nn.Linear(hidden, 1)

    def forward(self, digits):
        return self.linear(self.gru(self.embed(digits))[1][-1]).squeeze(-1)


def dataset(n):
    digits = torch.randint(0, 10, (n, 10))
    sign = torch.where(digits % 2 == 0, 1.0, -1.0)
    total = (sign * digits).sum(1)
    return digits, total / 18.0


x, y = dataset(1200)
x_test, y_test = dataset(400)
model = Summer(hp["hidden"])
optimizer = torch.optim.Adam(model.parameters(), lr=hp["lr"])
loss_fn = nn.MSELoss()
for epoch in range(hp["epochs"]):
    perm = torch.randperm(len(x))
    epoch_loss = 0.0
    for i in range(0, len(x), hp["batch_size"]):
        batch = perm[i:i + hp["batch_size"]]
        optimizer.zero_grad()
        loss = loss_fn(model(x[batch]), y[batch])
        loss.backward()
        optimizer.step()
        epoch_loss += loss.item() * len(batch) / len(x)
    print(f"epoch {epoch + 1}/{hp['epochs']}: {epoch_loss:.4f}")

with torch.no_grad():
    r2 = 1 - ((model(x_test) - y_test) ** 2).mean() / y_test.var()
print(f"metric r2 {r2.item():.4f}")
