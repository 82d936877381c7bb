import os

import torch
from torch import nn

torch.manual_seed(int(os.environ.get("SEED", 0)))

T, B = 18, 32


def tide(batch):
    """Water level (time, batch, 1); is the next value higher than the present one?"""
    t = torch.arange(T + 1.0).unsqueeze(1)
    period = 6 + 6 * torch.rand(1, batch)
    level = torch.sin(2 * torch.pi * t / period + 6.28 * torch.rand(1, batch)) + 0.1 * torch.randn(T + 1, batch)
    return level[:T].unsqueeze(-1), (level[T] > level[T - 1]).float()


class TideNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(1, 24)
        self.fc = nn.Linear(24, 1)

    def forward(self, x):
        output, _ = self.lstm(x)
        return self.fc(output[-1]).squeeze(-1)


net = TideNet()
opt = torch.optim.Adam(net.parameters(), lr=5e-3)
bce = nn.BCEWithLogitsLoss()
for step in range(420):
    x, y = tide(B)
    loss = bce(net(x), y)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 70 == 0:
        print(step, f"{loss.item():.4f}")

x, y = tide(600)
with torch.no_grad():
    print("metric accuracy", ((net(x) > 0) == (y > 0.5)).float().mean().item())
