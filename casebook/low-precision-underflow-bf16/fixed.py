import os

import torch
from torch import nn

torch.manual_seed(int(os.environ.get("SEED", 0)))

dtype = torch.float32


class SumNet(nn.Module):
    def __init__(self, hidden=48):
        super().__init__()
        self.cell = nn.GRUCell(2, hidden)
        self.head = nn.Linear(hidden, 1)
        self.hidden = hidden

    def forward(self, x):
        h = torch.zeros(x.size(0), self.hidden, dtype=x.dtype)
        for t in range(x.size(1)):
            h = self.cell(x[:, t], h)
        return self.head(h).squeeze(-1)


def sample(n, steps=10):
    x = torch.randn(n, steps, 2)
    gate = (x[:, :, 1] > 0).float()
    y = (x[:, :, 0] * gate).mean(1) * 4
    return x.to(dtype), y.to(dtype)


model = SumNet().to(dtype)
optimizer = torch.optim.Adam(model.parameters(), lr=2e-4, weight_decay=0.0)
for step in range(900):
    x, y = sample(48)
    loss = (model(x) - y).float().pow(2).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 150 == 0:
        print(f"step {step} loss {loss.item():.4f}")

x, y = sample(600)
with torch.no_grad():
    guess = model(x).float()
y = y.float()
print("metric r2", (1 - (guess - y).pow(2).mean() / y.var()).item())
